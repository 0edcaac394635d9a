/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-status-page.h"

#include "chat-clamp.h"

/* A page that explains a state, with one button that leads out of it. */
struct _ChatStatusPage
{
  GtkWidget  parent_instance;

  GtkWidget *scroller;
  GtkImage  *image;
  GtkLabel  *title_label;
  GtkLabel  *text_label;
  GtkButton *button;
};

enum
{
  PROP_ICON_NAME = 1,
  PROP_ICON_SIZE,
  PROP_TITLE,
  PROP_TEXT,
  PROP_BUTTON,
  PROP_ACTION,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (ChatStatusPage, chat_status_page, GTK_TYPE_WIDGET)

static void
chat_status_page_set_property (GObject      *object,
                               guint         id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  ChatStatusPage *self = CHAT_STATUS_PAGE (object);

  switch (id)
    {
    case PROP_ICON_NAME:
      gtk_image_set_from_icon_name (self->image, g_value_get_string (value));
      break;
    case PROP_ICON_SIZE:
      gtk_image_set_pixel_size (self->image, g_value_get_int (value));
      break;
    case PROP_TITLE:
      gtk_label_set_label (self->title_label, g_value_get_string (value));
      break;
    case PROP_TEXT:
      gtk_label_set_label (self->text_label, g_value_get_string (value));
      break;
    case PROP_BUTTON:
      gtk_button_set_label (self->button, g_value_get_string (value));
      break;
    case PROP_ACTION:
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->button), g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static gboolean
chat_status_page_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (CHAT_STATUS_PAGE (widget)->button));
}

static void
chat_status_page_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), CHAT_TYPE_STATUS_PAGE);

  G_OBJECT_CLASS (chat_status_page_parent_class)->dispose (object);
}

static void
chat_status_page_class_init (ChatStatusPageClass *klass)
{
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_CLAMP);

  object_class->set_property = chat_status_page_set_property;
  object_class->dispose = chat_status_page_dispose;
  widget_class->grab_focus = chat_status_page_grab_focus;

  props[PROP_ICON_NAME] = g_param_spec_string ("icon-name", NULL, NULL, NULL, flags);
  props[PROP_ICON_SIZE] = g_param_spec_int ("icon-size", NULL, NULL, -1, G_MAXINT, -1, flags);
  props[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  props[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, NULL, flags);
  props[PROP_BUTTON] = g_param_spec_string ("button", NULL, NULL, NULL, flags);
  props[PROP_ACTION] = g_param_spec_string ("action", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-status-page.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatStatusPage, scroller);
  gtk_widget_class_bind_template_child (widget_class, ChatStatusPage, image);
  gtk_widget_class_bind_template_child (widget_class, ChatStatusPage, title_label);
  gtk_widget_class_bind_template_child (widget_class, ChatStatusPage, text_label);
  gtk_widget_class_bind_template_child (widget_class, ChatStatusPage, button);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
}

static void
chat_status_page_init (ChatStatusPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
