/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-share-window.h"

#include "chat-banner.h"
#include "chat-clamp.h"
#include "chat-status-page.h"
#include "chat-text.h"
#include "chat-theme.h"
#include "chat-words.h"

#include <glib/gi18n.h>
#include <shmooze/shmooze.h>

/* How many characters below the limit the counter appears. */
#define NEAR_LIMIT 500

/* The writing side of the classic live text: the region always contains the text of the box. */
struct _ChatShareWindow
{
  GtkApplicationWindow  parent_instance;

  char                 *name;
  ShmoozeSharedText    *shared;       /* NULL: not shared */

  GtkLabel             *title_label;
  GtkLabel             *subtitle;
  GtkStack             *pages;
  ChatStatusPage       *error;
  ChatBanner           *banner;
  GtkLabel             *explanation;
  GtkTextView          *view;
  GtkTextBuffer        *buffer;
  GtkLabel             *counter;
  GtkWidget            *problem;
  GtkLabel             *problem_label;
};

G_DEFINE_FINAL_TYPE (ChatShareWindow, chat_share_window, GTK_TYPE_APPLICATION_WINDOW)

static void
update_counter (ChatShareWindow *self,
                guint            n_units)
{
  const guint max_units = shmooze_shared_text_get_max_units (self->shared);
  const gboolean is_near = n_units > max_units || max_units - n_units <= MIN (NEAR_LIMIT, max_units / 8);
  g_autofree char *label = NULL;

  /* Translators: how long the text is, and how long it can be */
  label = g_strdup_printf (ngettext ("%u of %u character", "%u of %u characters", max_units), n_units, max_units);
  gtk_label_set_label (self->counter, label);
  gtk_widget_set_visible (GTK_WIDGET (self->counter), is_near);
}

/* @excess: the number of characters above the limit, or 0 */
static void
set_too_long (ChatShareWindow *self,
              guint            excess)
{
  g_autofree char *problem = NULL;

  problem = g_strdup_printf (ngettext ("This is %u character too long. The others see the last text that fit.",
                                       "This is %u characters too long. The others see the last text that fit.",
                                       excess), excess);
  gtk_label_set_label (self->problem_label, excess > 0 ? problem : "");
  gtk_widget_set_visible (self->problem, excess > 0);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->view),
                               GTK_ACCESSIBLE_STATE_INVALID,
                               excess > 0 ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE,
                               -1);
  /* Translators: the text, “Too long” or “Shared” */
  gtk_label_set_label (self->subtitle, excess > 0 ? _("Too long") : _("Shared"));
}

static void
close_text (ChatShareWindow *self)
{
  if (self->shared != NULL)
    shmooze_shared_text_close (self->shared);

  g_clear_object (&self->shared);
}

static void
set_lost (ChatShareWindow *self,
          const GError    *error)
{
  close_text (self);
  set_too_long (self, 0);
  gtk_widget_set_visible (GTK_WIDGET (self->counter), FALSE);
  gtk_label_set_label (self->subtitle, _("Not shared"));
  chat_banner_show (self->banner, CHAT_BANNER_LOST,
                    _("The region is gone: another program truncated or replaced it. "
                      "What you type is no longer shared."),
                    error->message, _("Try Again"));
}

/* The path of a keystroke: from the box into the region. */
static void
on_text_changed (GtkTextBuffer   *buffer,
                 ChatShareWindow *self)
{
  g_autofree char *text = chat_text_dup (buffer);
  const guint n_units = shmooze_shared_text_count_units (text, -1);
  g_autoptr (GError) error = NULL;

  if (self->shared == NULL)
    return;

  update_counter (self, n_units);

  if (shmooze_shared_text_set_text (self->shared, text, &error))
    set_too_long (self, 0);
  else if (g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG))
    set_too_long (self, n_units - shmooze_shared_text_get_max_units (self->shared));
  else
    set_lost (self, error);
}

static void
show_error (ChatShareWindow *self,
            const GError    *error)
{
  g_autofree char *region = chat_words_region (self->name);
  g_autofree char *title = g_strdup_printf (_("Cannot Share as “%s”"), region);

  gtk_label_set_label (self->subtitle, _("Not shared"));

  if (gtk_text_buffer_get_char_count (self->buffer) > 0)
    {
      chat_banner_show (self->banner, CHAT_BANNER_LOST, error->message, NULL, _("Try Again"));
      return;
    }

  g_object_set (self->error, "title", title, "text", error->message, NULL);
  gtk_stack_set_visible_child_name (self->pages, "error");
  gtk_widget_grab_focus (GTK_WIDGET (self->error));
}

static void
share (ChatShareWindow *self)
{
  g_autoptr (GError) error = NULL;

  close_text (self);
  self->shared = shmooze_shared_text_share (self->name, SHMOOZE_SHARED_TEXT_CAPACITY, &error);

  if (self->shared == NULL)
    {
      show_error (self, error);
      return;
    }

  chat_banner_hide (self->banner);
  gtk_stack_set_visible_child_name (self->pages, "text");
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
  /* Replaces the text of an earlier sharer. */
  on_text_changed (self->buffer, self);
}

static void
share_again (GtkWidget  *widget,
             const char *action,
             GVariant   *parameter)
{
  share (CHAT_SHARE_WINDOW (widget));
}

static void
on_banner_clicked (ChatShareWindow *self)
{
  share (self);
}

static void
chat_share_window_css_changed (GtkWidget         *widget,
                               GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (chat_share_window_parent_class)->css_changed (widget, change);

  chat_theme_update (widget);
}

static void
chat_share_window_dispose (GObject *object)
{
  close_text (CHAT_SHARE_WINDOW (object));

  G_OBJECT_CLASS (chat_share_window_parent_class)->dispose (object);
}

static void
chat_share_window_finalize (GObject *object)
{
  g_free (CHAT_SHARE_WINDOW (object)->name);

  G_OBJECT_CLASS (chat_share_window_parent_class)->finalize (object);
}

static void
chat_share_window_class_init (ChatShareWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_BANNER);
  g_type_ensure (CHAT_TYPE_CLAMP);
  g_type_ensure (CHAT_TYPE_STATUS_PAGE);

  object_class->dispose = chat_share_window_dispose;
  object_class->finalize = chat_share_window_finalize;
  widget_class->css_changed = chat_share_window_css_changed;

  gtk_widget_class_install_action (widget_class, "text.share", NULL, share_again);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-share-window.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatShareWindow, title_label);
  gtk_widget_class_bind_template_child (widget_class, ChatShareWindow, subtitle);
  gtk_widget_class_bind_template_child (widget_class, ChatShareWindow, pages);
  gtk_widget_class_bind_template_child (widget_class, ChatShareWindow, error);
  gtk_widget_class_bind_template_child (widget_class, ChatShareWindow, banner);
  gtk_widget_class_bind_template_child (widget_class, ChatShareWindow, explanation);
  gtk_widget_class_bind_template_child (widget_class, ChatShareWindow, view);
  gtk_widget_class_bind_template_child (widget_class, ChatShareWindow, buffer);
  gtk_widget_class_bind_template_child (widget_class, ChatShareWindow, counter);
  gtk_widget_class_bind_template_child (widget_class, ChatShareWindow, problem);
  gtk_widget_class_bind_template_child (widget_class, ChatShareWindow, problem_label);
  gtk_widget_class_bind_template_callback (widget_class, on_text_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_banner_clicked);
}

static void
chat_share_window_init (ChatShareWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
chat_share_window_new (GtkApplication *application,
                       const char     *name)
{
  ChatShareWindow *self = g_object_new (CHAT_TYPE_SHARE_WINDOW, "application", application, NULL);
  g_autofree char *title = chat_words_region (name);
  g_autofree char *text = NULL;
  g_autofree char *explanation = NULL;

  self->name = g_strdup (name);

  text = g_strdup_printf (_("Every window that shows “%s” displays what you type here, letter by letter."), title);
  explanation = chat_words_explain (text, name);
  gtk_window_set_title (GTK_WINDOW (self), title);
  gtk_label_set_label (self->title_label, title);
  gtk_label_set_label (self->explanation, explanation);
  share (self);

  return GTK_WIDGET (self);
}
