/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-composer.h"

#include "chat-clamp.h"
#include "chat-scroller.h"
#include "chat-text.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_LINES 8
/* How many bytes below the limit the counter appears. */
#define NEAR_LIMIT 500

/* Where a message is written. Emits ::changed (text) at every change of the text, and ::send (text). */
struct _ChatComposer
{
  GtkWidget          parent_instance;

  gsize              max_text;
  gboolean           can_send;
  gboolean           is_fit;
  gboolean           has_problem;

  GtkWidget         *clamp;
  GtkScrolledWindow *scroller;
  GtkTextView       *view;
  GtkTextBuffer     *buffer;
  GtkWidget         *placeholder;
  GtkWidget         *emoji_button;
  GtkWidget         *send_button;
  GtkLabel          *counter;
  GtkWidget         *problem;
  GtkLabel          *problem_label;
};

enum
{
  CHANGED,
  SEND,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (ChatComposer, chat_composer, GTK_TYPE_WIDGET)

char *
chat_composer_dup_text (ChatComposer *self)
{
  return chat_text_dup (self->buffer);
}

/* @problem: (nullable): shown until the text changes */
void
chat_composer_set_problem (ChatComposer *self,
                           const char   *problem)
{
  /* Called with each key, mostly without a problem. */
  if (problem == NULL && !self->has_problem)
    return;

  self->has_problem = problem != NULL;
  gtk_label_set_label (self->problem_label, problem != NULL ? problem : "");
  gtk_widget_set_visible (self->problem, problem != NULL);
}

static void
set_shown (GtkWidget *widget,
           gboolean   shown)
{
  if (gtk_widget_get_visible (widget) != shown)
    gtk_widget_set_visible (widget, shown);
}

static void
update_send_button (ChatComposer *self)
{
  gtk_widget_set_sensitive (self->send_button, self->can_send && self->is_fit);
}

/* Counts the characters to remove from the end; the limit of the region is in bytes. */
static glong
count_excess (const char *text,
              gsize       max_text)
{
  const char *p = text + max_text;

  while ((*p & 0xc0) == 0x80)
    p--;

  return g_utf8_strlen (p, -1);
}

static void
check_length (ChatComposer *self,
              const char   *text)
{
  const gsize length = strlen (text);
  const gboolean is_too_long = length > self->max_text;
  const gboolean is_near = !is_too_long && self->max_text - length <= MIN (NEAR_LIMIT, self->max_text / 8);

  if (is_too_long)
    {
      const glong excess = count_excess (text, self->max_text);
      g_autofree char *problem = NULL;

      problem = g_strdup_printf (ngettext ("This is %ld character too long. Shorten it, or send it in parts.",
                                           "This is %ld characters too long. Shorten it, or send it in parts.",
                                           (gulong) excess), excess);
      chat_composer_set_problem (self, problem);
    }
  else
    {
      chat_composer_set_problem (self, NULL);
    }

  if (is_near)
    {
      /* An estimate, in characters of the average size so far. */
      const glong left = (glong) ((self->max_text - length) * (gsize) g_utf8_strlen (text, -1) / MAX (length, 1));
      g_autofree char *label = g_strdup_printf (ngettext ("%ld character left", "%ld characters left",
                                                          (gulong) left), left);

      gtk_label_set_label (self->counter, label);
    }

  set_shown (GTK_WIDGET (self->counter), is_near);
  self->is_fit = !is_too_long;
}

static void
update_placeholder (ChatComposer *self,
                    const char   *preedit)
{
  set_shown (self->placeholder, gtk_text_buffer_get_char_count (self->buffer) == 0 && *preedit == '\0');
}

static void
on_preedit_changed (GtkTextView  *view,
                    const char   *preedit,
                    ChatComposer *self)
{
  update_placeholder (self, preedit);
}

static void
on_buffer_changed (GtkTextBuffer *buffer,
                   ChatComposer  *self)
{
  g_autofree char *text = chat_composer_dup_text (self);

  /* First, because the peers are waiting for it. */
  g_signal_emit (self, signals[CHANGED], 0, text);
  update_placeholder (self, "");
  check_length (self, text);
  self->is_fit = self->is_fit && text[strspn (text, " \t\r\n")] != '\0';
  update_send_button (self);
}

static void
send_text (ChatComposer *self)
{
  g_autofree char *text = NULL;

  if (!self->can_send || !self->is_fit)
    {
      if (gtk_text_buffer_get_char_count (self->buffer) > 0)
        gtk_widget_error_bell (GTK_WIDGET (self));
      return;
    }

  text = g_strchomp (chat_composer_dup_text (self));
  g_signal_emit (self, signals[SEND], 0, text);
  gtk_text_buffer_set_text (self->buffer, "", 0);
  /* A text view that has not laid out a long text yet does not request a new size when the text is gone. */
  gtk_widget_queue_resize (GTK_WIDGET (self->view));
}

/* Inserts a text that could not be sent before what was typed since. */
void
chat_composer_put_back (ChatComposer *self,
                        const char   *text)
{
  GtkTextIter start;

  gtk_text_buffer_get_start_iter (self->buffer, &start);

  if (gtk_text_buffer_get_char_count (self->buffer) > 0)
    {
      gtk_text_buffer_insert (self->buffer, &start, "\n", 1);
      gtk_text_buffer_get_start_iter (self->buffer, &start);
    }

  gtk_text_buffer_insert (self->buffer, &start, text, -1);
}

void
chat_composer_set_can_send (ChatComposer *self,
                            gboolean      can_send)
{
  self->can_send = can_send;
  update_send_button (self);
}

void
chat_composer_set_max_text (ChatComposer *self,
                            gsize         max_text)
{
  self->max_text = max_text;
  on_buffer_changed (self->buffer, self);
}

GtkWidget *
chat_composer_get_view (ChatComposer *self)
{
  return GTK_WIDGET (self->view);
}

static gboolean
on_key_pressed (GtkEventControllerKey *controller,
                guint                  keyval,
                guint                  keycode,
                GdkModifierType        state,
                ChatComposer          *self)
{
  if (keyval != GDK_KEY_Return && keyval != GDK_KEY_KP_Enter && keyval != GDK_KEY_ISO_Enter)
    return GDK_EVENT_PROPAGATE;

  if ((state & (GDK_SHIFT_MASK | GDK_CONTROL_MASK | GDK_ALT_MASK)) == GDK_SHIFT_MASK)
    return GDK_EVENT_PROPAGATE;

  /* An input method may use Enter to choose a word; Enter sends only if the input method does not take it. */
  if (gtk_text_view_im_context_filter_keypress (self->view,
                                                gtk_event_controller_get_current_event (GTK_EVENT_CONTROLLER (controller))))
    {
      gtk_text_view_reset_im_context (self->view);
      return GDK_EVENT_STOP;
    }

  send_text (self);

  return GDK_EVENT_STOP;
}

static void
on_send_clicked (ChatComposer *self)
{
  send_text (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
}

static void
on_emoji_picked (GtkEmojiChooser *chooser,
                 const char      *emoji,
                 ChatComposer    *self)
{
  gtk_text_buffer_insert_interactive_at_cursor (self->buffer, emoji, -1, TRUE);
}

/* Creating the chooser takes long, so it is created on demand. */
static void
create_emoji_chooser (GtkMenuButton *button,
                      gpointer       data)
{
  ChatComposer *self = data;
  GtkWidget *chooser;

  if (gtk_menu_button_get_popover (button) != NULL)
    return;

  chooser = gtk_emoji_chooser_new ();
  g_signal_connect_object (chooser, "emoji-picked", G_CALLBACK (on_emoji_picked), self, 0);
  g_signal_connect_object (chooser, "closed", G_CALLBACK (gtk_widget_grab_focus), self->view, G_CONNECT_SWAPPED);
  gtk_menu_button_set_popover (button, chooser);
}

static gboolean
chat_composer_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (CHAT_COMPOSER (widget)->view));
}

static void
chat_composer_css_changed (GtkWidget         *widget,
                           GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (chat_composer_parent_class)->css_changed (widget, change);

  chat_scroller_limit_lines (CHAT_COMPOSER (widget)->scroller, MAX_LINES);
}

static void
chat_composer_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), CHAT_TYPE_COMPOSER);

  G_OBJECT_CLASS (chat_composer_parent_class)->dispose (object);
}

static void
chat_composer_class_init (ChatComposerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_CLAMP);

  object_class->dispose = chat_composer_dispose;
  widget_class->grab_focus = chat_composer_grab_focus;
  widget_class->css_changed = chat_composer_css_changed;

  signals[CHANGED] = g_signal_new ("changed", CHAT_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SEND] = g_signal_new ("send", CHAT_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-composer.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatComposer, clamp);
  gtk_widget_class_bind_template_child (widget_class, ChatComposer, scroller);
  gtk_widget_class_bind_template_child (widget_class, ChatComposer, view);
  gtk_widget_class_bind_template_child (widget_class, ChatComposer, buffer);
  gtk_widget_class_bind_template_child (widget_class, ChatComposer, placeholder);
  gtk_widget_class_bind_template_child (widget_class, ChatComposer, emoji_button);
  gtk_widget_class_bind_template_child (widget_class, ChatComposer, send_button);
  gtk_widget_class_bind_template_child (widget_class, ChatComposer, counter);
  gtk_widget_class_bind_template_child (widget_class, ChatComposer, problem);
  gtk_widget_class_bind_template_child (widget_class, ChatComposer, problem_label);
  gtk_widget_class_bind_template_callback (widget_class, on_buffer_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_preedit_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_key_pressed);
  gtk_widget_class_bind_template_callback (widget_class, on_send_clicked);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "composer");
}

static void
chat_composer_init (ChatComposer *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  self->max_text = G_MAXUINT;
  gtk_menu_button_set_create_popup_func (GTK_MENU_BUTTON (self->emoji_button), create_emoji_chooser, self, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view),
                                  GTK_ACCESSIBLE_PROPERTY_MULTI_LINE, TRUE,
                                  -1);
}
