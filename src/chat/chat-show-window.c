/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-show-window.h"

#include "chat-banner.h"
#include "chat-column.h"
#include "chat-shown.h"
#include "chat-theme.h"
#include "chat-words.h"

#include <glib/gi18n.h>
#include <shmooze/shmooze.h>

/* How often to look whether somebody shares again, while that is awaited. */
#define LOOK_SECONDS 1

/* The reading side of the classic live text: a click reads it once, or the switch lets it be followed. */
struct _ChatShowWindow
{
  GtkApplicationWindow  parent_instance;

  char                 *name;
  ShmoozeSharedText    *shared;       /* that is followed, or NULL */
  guint                 look_id;      /* while there is nothing to follow */
  gboolean              is_lost;      /* the region was, and nobody has shared again */

  GtkShortcutsWindow   *shortcuts;
  GtkLabel             *title_label;
  GtkLabel             *subtitle;
  ChatBanner           *banner;
  GtkLabel             *explanation;
  GtkWidget            *show_button;
  GtkSwitch            *follow_switch;
  ChatShown            *shown;
};

G_DEFINE_FINAL_TYPE (ChatShowWindow, chat_show_window, GTK_TYPE_APPLICATION_WINDOW)

static void follow (ChatShowWindow *self);

static void
show_no_region (ChatShowWindow *self)
{
  chat_banner_hide (self->banner);
  gtk_label_set_label (self->subtitle, _("Not shared"));
  chat_shown_set_message (self->shown, _("Memory-mapped file does not exist. Run Process A first."));
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
tell_time (ChatShowWindow *self)
{
  const gint64 now = g_get_real_time ();
  g_autofree char *time = chat_words_time (now, now);
  /* Translators: %s is a time, as in “10:42” */
  g_autofree char *label = g_strdup_printf (_("Read at %s"), time);

  gtk_label_set_label (self->subtitle, label);
}

/* By a click: once, and nothing is held. */

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
show_once (ChatShowWindow *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = read_once (self, &error);

  chat_banner_hide (self->banner);

  if (text != NULL)
    {
      tell_time (self);
      chat_shown_set_text (self->shown, text);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      show_no_region (self);
    }
  else
    {
      chat_shown_set_message (self->shown, "");
      show_unreadable (self, error);
    }
}

static void
on_show_clicked (ChatShowWindow *self)
{
  show_once (self);
}

/* By the switch: live. */

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
  g_clear_handle_id (&self->look_id, g_source_remove);
}

static void
tell_following (ChatShowWindow *self)
{
  self->is_lost = FALSE;
  chat_banner_hide (self->banner);
  gtk_label_set_label (self->subtitle, _("Following"));
}

static void
tell_nobody_shares (ChatShowWindow *self)
{
  gtk_label_set_label (self->subtitle, _("Not shared"));
  show_problem (self, _("The text is no longer shared. It appears again when another window shares it."));
}

static gboolean
on_look (gpointer data)
{
  follow (data);

  return G_SOURCE_CONTINUE;
}

static void
look_again_later (ChatShowWindow *self)
{
  close_text (self);

  if (self->look_id == 0)
    self->look_id = g_timeout_add_seconds (LOOK_SECONDS, on_look, self);
}

static void
on_changed (ShmoozeSharedText *shared,
            const char        *text,
            ChatShowWindow    *self)
{
  tell_following (self);
  chat_shown_set_text (self->shown, text);
}

static void
on_failed (ShmoozeSharedText *shared,
           GError            *error,
           ChatShowWindow    *self)
{
  show_unreadable (self, error);

  if (g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
    return;

  self->is_lost = g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
  if (self->is_lost)
    show_problem (self, _("The region is gone: another program truncated or replaced it. "
                          "The text appears again when another window shares it."));
  look_again_later (self);
}

static void
on_sharer_present (ShmoozeSharedText *shared,
                   GParamSpec        *pspec,
                   ChatShowWindow    *self)
{
  if (shmooze_shared_text_get_sharer_present (shared))
    tell_following (self);
  else
    tell_nobody_shares (self);
}

/* The end of a sharer that does not use the library only shows by the removal of the region. */
static void
on_removed (ShmoozeSharedText *shared,
            ChatShowWindow    *self)
{
  look_again_later (self);
  tell_nobody_shares (self);
}

static void
follow (ChatShowWindow *self)
{
  g_autoptr (GError) error = NULL;

  self->shared = shmooze_shared_text_show (self->name, &error);

  if (self->shared != NULL)
    {
      g_clear_handle_id (&self->look_id, g_source_remove);
      g_signal_connect (self->shared, "changed", G_CALLBACK (on_changed), self);
      g_signal_connect (self->shared, "failed", G_CALLBACK (on_failed), self);
      g_signal_connect (self->shared, "notify::sharer-present", G_CALLBACK (on_sharer_present), self);
      g_signal_connect (self->shared, "removed", G_CALLBACK (on_removed), self);
      shmooze_shared_text_start_reader (self->shared);
      return;
    }

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    show_unreadable (self, error);
  else if (!chat_shown_has_text (self->shown))
    show_no_region (self);
  else if (!self->is_lost)  /* that says more, and stays */
    tell_nobody_shares (self);

  look_again_later (self);
}

static void
on_follow_switched (ChatShowWindow *self)
{
  const gboolean is_on = gtk_switch_get_active (self->follow_switch);

  stop_following (self);
  self->is_lost = FALSE;
  chat_banner_hide (self->banner);
  /* Before the button, which may have it, cannot keep the focus. */
  gtk_widget_grab_focus (GTK_WIDGET (self->follow_switch));
  gtk_widget_set_sensitive (self->show_button, !is_on);

  if (is_on)
    follow (self);
  else if (chat_shown_has_text (self->shown))
    tell_time (self);
}

static void
chat_show_window_css_changed (GtkWidget         *widget,
                              GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (chat_show_window_parent_class)->css_changed (widget, change);

  chat_shown_set_dark (CHAT_SHOW_WINDOW (widget)->shown, chat_theme_update (widget));
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
  g_type_ensure (CHAT_TYPE_COLUMN);
  g_type_ensure (CHAT_TYPE_SHOWN);

  object_class->dispose = chat_show_window_dispose;
  object_class->finalize = chat_show_window_finalize;
  widget_class->css_changed = chat_show_window_css_changed;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-show-window.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, shortcuts);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, title_label);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, subtitle);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, banner);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, explanation);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, show_button);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, follow_switch);
  gtk_widget_class_bind_template_child (widget_class, ChatShowWindow, shown);
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

  text = g_strdup_printf (_("This window shows the text that is shared as “%s”: once when you press the button, or "
                            "letter by letter while you follow it."), title);
  explanation = chat_words_explain (text, name);
  gtk_window_set_title (GTK_WINDOW (self), title);
  gtk_label_set_label (self->title_label, title);
  gtk_label_set_label (self->explanation, explanation);
  gtk_application_window_set_help_overlay (GTK_APPLICATION_WINDOW (self), self->shortcuts);
  gtk_widget_grab_focus (self->show_button);

  return GTK_WIDGET (self);
}
