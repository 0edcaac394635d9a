/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-show-window.h"

#include "chat-banner.h"
#include "chat-clamp.h"
#include "chat-shared-view.h"
#include "chat-theme.h"
#include "chat-words.h"

#include <glib/gi18n.h>
#include <shmooze/shmooze.h>

/* How often to look for a new sharer while there is none. */
#define RETRY_SECONDS 1

/* The reading side of the classic live text: the button reads it once, the switch follows it. */
struct _ChatShowWindow
{
  GtkApplicationWindow  parent_instance;

  char                 *name;
  ShmoozeSharedText    *shared;       /* NULL: not following */
  guint                 retry_id;     /* while there is no sharer to follow */
  gboolean              is_lost;      /* the region was lost and has not been shared again */

  GtkLabel             *title_label;
  GtkLabel             *subtitle;
  ChatBanner           *banner;
  GtkLabel             *explanation;
  GtkWidget            *show_button;
  GtkSwitch            *follow_switch;
  ChatSharedView       *shared_view;
};

G_DEFINE_FINAL_TYPE (ChatShowWindow, chat_show_window, GTK_TYPE_APPLICATION_WINDOW)

static void follow (ChatShowWindow *self);

static void
show_no_region (ChatShowWindow *self)
{
  chat_banner_hide (self->banner);
  gtk_label_set_label (self->subtitle, _("Not shared"));
  chat_shared_view_set_message (self->shared_view, _("Memory-mapped file does not exist. Run Process A first."));
}

static void
show_problem (ChatShowWindow *self,
              const char     *problem)
{
  chat_banner_show (self->banner, CHAT_BANNER_PROBLEM, problem, NULL, NULL);
}

static void
show_unreadable (ChatShowWindow *self,
                 const GError   *error)
{
  self->is_lost = FALSE;
  gtk_label_set_label (self->subtitle, _("Cannot be read"));
  show_problem (self, error->message);
}

static void
show_time (ChatShowWindow *self)
{
  const gint64 now = g_get_real_time ();
  g_autofree char *time = chat_words_time (now, now);
  /* Translators: %s is a time, as in “10:42” */
  g_autofree char *label = g_strdup_printf (_("Read at %s"), time);

  gtk_label_set_label (self->subtitle, label);
}

/* The button: reads the text once, and keeps nothing open. */

static char *
read_once (ChatShowWindow  *self,
           GError         **error)
{
  g_autoptr (ShmoozeSharedText) shared = shmooze_shared_text_show (self->name, error);
  g_autofree char *text = NULL;

  if (shared == NULL)
    return NULL;

  text = shmooze_shared_text_dup_text (shared, NULL, error);
  shmooze_shared_text_close (shared);

  return g_steal_pointer (&text);
}

static void
on_show_clicked (ChatShowWindow *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = read_once (self, &error);

  chat_banner_hide (self->banner);

  if (text != NULL)
    {
      show_time (self);
      chat_shared_view_set_text (self->shared_view, text);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      show_no_region (self);
    }
  else
    {
      chat_shared_view_set_message (self->shared_view, "");
      show_unreadable (self, error);
    }
}

/* The switch: follows the text. */

static void
close_text (ChatShowWindow *self)
{
  if (self->shared != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->shared, self);
      shmooze_shared_text_close (self->shared);
    }
  g_clear_object (&self->shared);
}

static void
stop_following (ChatShowWindow *self)
{
  close_text (self);
  g_clear_handle_id (&self->retry_id, g_source_remove);
}

static void
show_following (ChatShowWindow *self)
{
  self->is_lost = FALSE;
  chat_banner_hide (self->banner);
  gtk_label_set_label (self->subtitle, _("Following"));
}

static void
show_no_sharer (ChatShowWindow *self)
{
  gtk_label_set_label (self->subtitle, _("Not shared"));
  show_problem (self, _("The text is no longer shared. It appears again when another window shares it."));
}

static gboolean
on_retry (gpointer data)
{
  follow (data);

  return G_SOURCE_CONTINUE;
}

static void
retry_later (ChatShowWindow *self)
{
  close_text (self);

  if (self->retry_id == 0)
    self->retry_id = g_timeout_add_seconds (RETRY_SECONDS, on_retry, self);
}

static void
on_changed (ChatShowWindow *self,
            const char     *text)
{
  show_following (self);
  chat_shared_view_set_text (self->shared_view, text);
}

static void
on_failed (ChatShowWindow *self,
           GError         *error)
{
  show_unreadable (self, error);

  if (g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
    return;

  self->is_lost = g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
  if (self->is_lost)
    show_problem (self, _("The region is gone: another program truncated or replaced it. "
                          "The text appears again when another window shares it."));
  retry_later (self);
}

static void
on_sharer_present (ChatShowWindow *self)
{
  if (shmooze_shared_text_get_sharer_present (self->shared))
    show_following (self);
  else
    show_no_sharer (self);
}

/* The presence of a program that does not use this library cannot be detected, only that it removes the region. */
static void
on_removed (ChatShowWindow *self)
{
  retry_later (self);
  show_no_sharer (self);
}

static void
follow (ChatShowWindow *self)
{
  g_autoptr (GError) error = NULL;

  self->shared = shmooze_shared_text_show (self->name, &error);

  if (self->shared != NULL)
    {
      g_clear_handle_id (&self->retry_id, g_source_remove);
      g_signal_connect_object (self->shared, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (self->shared, "failed", G_CALLBACK (on_failed), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (self->shared, "notify::sharer-present", G_CALLBACK (on_sharer_present), self,
                               G_CONNECT_SWAPPED);
      g_signal_connect_object (self->shared, "removed", G_CALLBACK (on_removed), self, G_CONNECT_SWAPPED);
      shmooze_shared_text_start_reader (self->shared);
      return;
    }

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    show_unreadable (self, error);
  else if (!chat_shared_view_has_text (self->shared_view))
    show_no_region (self);
  else if (!self->is_lost)  /* else keep that more specific message */
    show_no_sharer (self);

  retry_later (self);
}

static void
on_follow_switched (ChatShowWindow *self)
{
  const gboolean is_on = gtk_switch_get_active (self->follow_switch);

  stop_following (self);
  self->is_lost = FALSE;
  chat_banner_hide (self->banner);
  /* First, because the button loses the focus when it becomes insensitive. */
  gtk_widget_grab_focus (GTK_WIDGET (self->follow_switch));
  gtk_widget_set_sensitive (self->show_button, !is_on);

  if (is_on)
    follow (self);
  else if (chat_shared_view_has_text (self->shared_view))
    show_time (self);
}

static void
chat_show_window_css_changed (GtkWidget         *widget,
                              GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (chat_show_window_parent_class)->css_changed (widget, change);

  chat_theme_update (widget);
}

static void
chat_show_window_dispose (GObject *object)
{
  stop_following (CHAT_SHOW_WINDOW (object));

  G_OBJECT_CLASS (chat_show_window_parent_class)->dispose (object);
}

static void
chat_show_window_finalize (GObject *object)
{
  g_free (CHAT_SHOW_WINDOW (object)->name);

  G_OBJECT_CLASS (chat_show_window_parent_class)->finalize (object);
}

static void
chat_show_window_class_init (ChatShowWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_BANNER);
  g_type_ensure (CHAT_TYPE_CLAMP);
  g_type_ensure (CHAT_TYPE_SHARED_VIEW);

  object_class->dispose = chat_show_window_dispose;
  object_class->finalize = chat_show_window_finalize;
  widget_class->css_changed = chat_show_window_css_changed;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-show-window.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, title_label);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, subtitle);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, banner);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, explanation);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, show_button);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, follow_switch);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, shared_view);
  gtk_widget_class_bind_template_callback (widget_class, on_show_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_follow_switched);
}

static void
chat_show_window_init (ChatShowWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
chat_show_window_new (GtkApplication *application,
                      const char     *name)
{
  ChatShowWindow *self = g_object_new (CHAT_TYPE_SHOW_WINDOW, "application", application, NULL);
  g_autofree char *title = chat_words_region (name);
  g_autofree char *text = NULL;
  g_autofree char *explanation = NULL;

  self->name = g_strdup (name);

  text = g_strdup_printf (_("This window shows the text that is shared as “%s”: once with the button, or letter by "
                            "letter with the switch."), title);
  explanation = chat_words_explain (text, name);
  gtk_window_set_title (GTK_WINDOW (self), title);
  gtk_label_set_label (self->title_label, title);
  gtk_label_set_label (self->explanation, explanation);
  gtk_widget_grab_focus (self->show_button);

  return GTK_WIDGET (self);
}
