/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-shared-view.h"

#include "chat-text.h"

#include <glib/gi18n.h>
#include <shmooze/shmooze.h>

#define RULE "------------------------------"
#define MAX_CHARACTERS 65536
#define MARGIN 9
#define BAR_SPACE 9

/* A shared text below its length and a rule, or a message instead. */
struct _ChatSharedView
{
  ChatTextView   parent_instance;

  GtkTextBuffer *buffer;
  GtkTextTag    *head_tag;
  GtkTextTag    *text_tag;
  char          *head;      /* NULL: there is no text, but maybe a message */
  char          *text;
  char          *tail;
};

G_DEFINE_FINAL_TYPE (ChatSharedView, chat_shared_view, CHAT_TYPE_TEXT_VIEW)

static void
clear_text (ChatSharedView *self)
{
  g_clear_pointer (&self->head, g_free);
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->tail, g_free);
}

static int
get_text_offset (ChatSharedView *self)
{
  return (int) g_utf8_strlen (self->head, -1);
}

/* Replaces the former @part, which is at @offset, with @text, and takes ownership of it. */
static void
replace_part (ChatSharedView  *self,
              char           **part,
              char            *text,
              int              offset,
              GtkTextTag      *tag)
{
  chat_text_replace (self->buffer, offset, *part, text, tag);
  g_free (*part);
  *part = text;
}

/* The other side may share more than a text view can lay out in reasonable time. It may also end lines as Windows
 * does; a text view does not handle changes between the two characters of such a line end. */
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
chat_shared_view_set_text (ChatSharedView *self,
                           const char     *text)
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
chat_shared_view_set_message (ChatSharedView *self,
                              const char     *message)
{
  clear_text (self);
  gtk_text_buffer_set_text (self->buffer, message, -1);
}

gboolean
chat_shared_view_has_text (ChatSharedView *self)
{
  return self->head != NULL;
}

static void
chat_shared_view_set_colors (ChatTextView  *view,
                             const GdkRGBA *peer,
                             const GdkRGBA *dim)
{
  g_object_set (CHAT_SHARED_VIEW (view)->text_tag, "foreground-rgba", peer, NULL);
  g_object_set (CHAT_SHARED_VIEW (view)->head_tag, "foreground-rgba", dim, NULL);
}

static void
chat_shared_view_snapshot_layer (GtkTextView      *view,
                                 GtkTextViewLayer  layer,
                                 GtkSnapshot      *snapshot)
{
  ChatSharedView *self = CHAT_SHARED_VIEW (view);
  GtkTextIter first, last;
  int top, y, height;

  /* Above the text: the view knows the heights of its lines for certain only once it has painted them. */
  if (layer != GTK_TEXT_VIEW_LAYER_ABOVE_TEXT || self->text == NULL || *self->text == '\0')
    return;

  gtk_text_buffer_get_iter_at_offset (self->buffer, &first, get_text_offset (self));
  gtk_text_buffer_get_iter_at_offset (self->buffer, &last,
                                      get_text_offset (self) + (int) g_utf8_strlen (self->text, -1));
  gtk_text_view_get_line_yrange (view, &first, &top, NULL);
  gtk_text_view_get_line_yrange (view, &last, &y, &height);
  chat_text_view_draw_bar (CHAT_TEXT_VIEW (self), snapshot, top, y + height);
}

static void
chat_shared_view_finalize (GObject *object)
{
  clear_text (CHAT_SHARED_VIEW (object));

  G_OBJECT_CLASS (chat_shared_view_parent_class)->finalize (object);
}

static void
chat_shared_view_class_init (ChatSharedViewClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = chat_shared_view_finalize;
  GTK_TEXT_VIEW_CLASS (klass)->snapshot_layer = chat_shared_view_snapshot_layer;
  CHAT_TEXT_VIEW_CLASS (klass)->set_colors = chat_shared_view_set_colors;
}

static void
chat_shared_view_init (ChatSharedView *self)
{
  self->buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self));
  self->head_tag = gtk_text_buffer_create_tag (self->buffer, NULL, NULL);
  self->text_tag = gtk_text_buffer_create_tag (self->buffer, NULL, "insert-hyphens", FALSE, NULL);
  chat_text_view_set_margins (CHAT_TEXT_VIEW (self), MARGIN, BAR_SPACE);
}
