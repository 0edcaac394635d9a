/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-shown.h"

#include "chat-text.h"
#include "chat-theme.h"

#include <glib/gi18n.h>
#include <shmooze/shmooze.h>

#define RULE "------------------------------"
#define MAX_CHARACTERS 65536
#define MARGIN 9
#define BAR_WIDTH 3
#define BAR_SPACE 9

/* A text that somebody else shares, below its length and a rule; or a message in its place. */
struct _ChatShown
{
  GtkTextView    parent_instance;

  GtkTextBuffer *buffer;
  GtkTextTag    *head_tag;
  GtkTextTag    *text_tag;
  GdkRGBA        red;
  gboolean       is_dark;
  char          *head;      /* NULL: a message, or nothing */
  char          *text;
  char          *tail;
};

G_DEFINE_FINAL_TYPE (ChatShown, chat_shown, GTK_TYPE_TEXT_VIEW)

static void
forget_text (ChatShown *self)
{
  g_clear_pointer (&self->head, g_free);
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->tail, g_free);
}

static int
get_text_offset (ChatShown *self)
{
  return (int) g_utf8_strlen (self->head, -1);
}

/* Takes over @text: puts it in the place of the former @part, at @offset. */
static void
replace_part (ChatShown   *self,
              char       **part,
              char        *text,
              int          offset,
              GtkTextTag  *tag)
{
  chat_text_replace (self->buffer, offset, *part, text, tag);
  g_free (*part);
  *part = text;
}

/* The other side may share more than a text view can lay out while somebody waits, and end its lines as Windows does,
 * which a text view that is changed in the middle of such an end does not take well. */
static char *
dup_beginning (const char  *text,
               char       **tail)
{
  g_autoptr (GString) beginning = NULL;
  const char *end = text;

  for (guint i = 0; i < MAX_CHARACTERS && *end != '\0'; i++)
    end = g_utf8_next_char (end);

  *tail = *end == '\0' ? g_strdup ("")
                       /* Translators: below the beginning of a text that is very long */
                       : g_strconcat ("\n", _("The text is too long: only the beginning is shown."), NULL);

  beginning = g_string_new_len (text, end - text);
  g_string_replace (beginning, "\r\n", "\n", 0);
  g_string_replace (beginning, "\r", "\n", 0);

  return g_string_free (g_steal_pointer (&beginning), FALSE);
}

void
chat_shown_set_text (ChatShown  *self,
                     const char *text)
{
  const guint n_units = shmooze_shared_text_count_units (text, -1);
  g_autofree char *length = NULL;
  char *tail;
  char *beginning = dup_beginning (text, &tail);

  if (self->head == NULL)
    {
      gtk_text_buffer_set_text (self->buffer, "", 0);
      self->head = g_strdup ("");
      self->text = g_strdup ("");
      self->tail = g_strdup ("");
    }

  /* Translators: above the shared text, as the classic program shows it */
  length = g_strdup_printf (ngettext ("%u character to read.", "%u characters to read.", n_units), n_units);
  replace_part (self, &self->head, g_strconcat (length, "\n" RULE "\n", NULL), 0, self->head_tag);
  replace_part (self, &self->text, beginning, get_text_offset (self), self->text_tag);
  replace_part (self, &self->tail, tail, get_text_offset (self) + (int) g_utf8_strlen (self->text, -1),
                self->head_tag);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
chat_shown_set_message (ChatShown  *self,
                        const char *message)
{
  forget_text (self);
  gtk_text_buffer_set_text (self->buffer, message, -1);
}

gboolean
chat_shown_has_text (ChatShown *self)
{
  return self->head != NULL;
}

static void
update_colors (ChatShown *self)
{
  GdkRGBA dim;

  chat_theme_get_colors (self->is_dark, &self->red, &dim);
  g_object_set (self->text_tag, "foreground-rgba", &self->red, NULL);
  g_object_set (self->head_tag, "foreground-rgba", &dim, NULL);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
chat_shown_set_dark (ChatShown *self,
                     gboolean   dark)
{
  if (dark == self->is_dark)
    return;

  self->is_dark = dark;
  update_colors (self);
}

/* The red bar, which tells whose text it is where colours do not. */
static void
chat_shown_snapshot_layer (GtkTextView      *view,
                           GtkTextViewLayer  layer,
                           GtkSnapshot      *snapshot)
{
  ChatShown *self = CHAT_SHOWN (view);
  const gboolean rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  const int x = rtl ? gtk_widget_get_width (GTK_WIDGET (self)) - MARGIN - BAR_WIDTH : MARGIN;
  GtkTextIter first, last;
  int top, y, height;

  /* Only as it paints the text does the view learn for certain how high its lines are. */
  if (layer != GTK_TEXT_VIEW_LAYER_ABOVE_TEXT || self->text == NULL || *self->text == '\0')
    return;

  gtk_text_buffer_get_iter_at_offset (self->buffer, &first, get_text_offset (self));
  gtk_text_buffer_get_iter_at_offset (self->buffer, &last,
                                      get_text_offset (self) + (int) g_utf8_strlen (self->text, -1));
  gtk_text_view_get_line_yrange (view, &first, &top, NULL);
  gtk_text_view_get_line_yrange (view, &last, &y, &height);
  gtk_snapshot_append_color (snapshot, &self->red, &GRAPHENE_RECT_INIT (x, top, BAR_WIDTH, y + height - top));
}

static void
set_margins (ChatShown *self)
{
  GtkTextView *view = GTK_TEXT_VIEW (self);
  const gboolean rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;

  gtk_text_view_set_left_margin (view, rtl ? MARGIN : MARGIN + BAR_WIDTH + BAR_SPACE);
  gtk_text_view_set_right_margin (view, rtl ? MARGIN + BAR_WIDTH + BAR_SPACE : MARGIN);
}

static void
chat_shown_direction_changed (GtkWidget        *widget,
                              GtkTextDirection  previous)
{
  set_margins (CHAT_SHOWN (widget));

  GTK_WIDGET_CLASS (chat_shown_parent_class)->direction_changed (widget, previous);
}

static void
chat_shown_finalize (GObject *object)
{
  forget_text (CHAT_SHOWN (object));

  G_OBJECT_CLASS (chat_shown_parent_class)->finalize (object);
}

static void
chat_shown_class_init (ChatShownClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = chat_shown_finalize;
  GTK_WIDGET_CLASS (klass)->direction_changed = chat_shown_direction_changed;
  GTK_TEXT_VIEW_CLASS (klass)->snapshot_layer = chat_shown_snapshot_layer;
}

static void
chat_shown_init (ChatShown *self)
{
  GtkTextView *view = GTK_TEXT_VIEW (self);

  gtk_text_view_set_editable (view, FALSE);
  gtk_text_view_set_cursor_visible (view, FALSE);
  gtk_text_view_set_accepts_tab (view, FALSE);
  gtk_text_view_set_wrap_mode (view, GTK_WRAP_WORD_CHAR);
  set_margins (self);

  self->buffer = gtk_text_view_get_buffer (view);
  gtk_text_buffer_set_enable_undo (self->buffer, FALSE);
  self->head_tag = gtk_text_buffer_create_tag (self->buffer, NULL, NULL);
  self->text_tag = gtk_text_buffer_create_tag (self->buffer, NULL, "insert-hyphens", FALSE, NULL);
  update_colors (self);
}
