/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-banner.h"

#include "chat-clamp.h"

/* Reports a problem of the whole room, with one button to solve it. Emits ::clicked. */
struct _ChatBanner
{
  GtkWidget       parent_instance;

  ChatBannerKind  kind;
  GtkRevealer    *revealer;
  GtkWidget      *clamp;
  GtkLabel       *label;
  GtkButton      *button;
};

enum
{
  CLICKED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (ChatBanner, chat_banner, GTK_TYPE_WIDGET)

ChatBannerKind
chat_banner_get_kind (ChatBanner *self)
{
  return self->kind;
}

void
chat_banner_show (ChatBanner     *self,
                  ChatBannerKind  kind,
                  const char     *text,
                  const char     *details,
                  const char     *button)
{
  if (kind < self->kind)
    return;

  self->kind = kind;
  gtk_label_set_label (self->label, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->label), details);
  gtk_widget_set_visible (GTK_WIDGET (self->button), button != NULL);
  gtk_button_set_label (self->button, button != NULL ? button : "");
  gtk_widget_set_visible (self->clamp, TRUE);
  gtk_revealer_set_reveal_child (self->revealer, TRUE);
}

void
chat_banner_hide (ChatBanner *self)
{
  self->kind = CHAT_BANNER_NONE;
  gtk_widget_set_visible (GTK_WIDGET (self->button), FALSE);
  gtk_revealer_set_reveal_child (self->revealer, FALSE);
}

static void
on_clicked (ChatBanner *self)
{
  g_signal_emit (self, signals[CLICKED], 0);
}

static void
chat_banner_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), CHAT_TYPE_BANNER);

  G_OBJECT_CLASS (chat_banner_parent_class)->dispose (object);
}

static void
chat_banner_class_init (ChatBannerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_CLAMP);

  G_OBJECT_CLASS (klass)->dispose = chat_banner_dispose;

  signals[CLICKED] = g_signal_new ("clicked", CHAT_TYPE_BANNER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-banner.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatBanner, revealer);
  gtk_widget_class_bind_template_child (widget_class, ChatBanner, clamp);
  gtk_widget_class_bind_template_child (widget_class, ChatBanner, label);
  gtk_widget_class_bind_template_child (widget_class, ChatBanner, button);
  gtk_widget_class_bind_template_callback (widget_class, on_clicked);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "banner");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
chat_banner_init (ChatBanner *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
