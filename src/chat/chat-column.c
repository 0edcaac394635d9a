/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-column.h"

/* Keeps its child to the width of the text column, in the middle. */
struct _ChatColumn
{
  GtkWidget  parent_instance;

  GtkWidget *child;
};

enum
{
  PROP_CHILD = 1,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void chat_column_buildable_init (GtkBuildableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ChatColumn, chat_column, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_BUILDABLE, chat_column_buildable_init))

static GtkBuildableIface *parent_buildable;

int
chat_column_get_margin (int width)
{
  return MAX (CHAT_COLUMN_MARGIN, (width - CHAT_COLUMN_WIDTH) / 2);
}

static void
chat_column_set_child (ChatColumn *self,
                       GtkWidget  *child)
{
  if (self->child == child)
    return;

  g_clear_pointer (&self->child, gtk_widget_unparent);
  self->child = child;

  if (child != NULL)
    gtk_widget_set_parent (child, GTK_WIDGET (self));

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CHILD]);
}

static GtkSizeRequestMode
chat_column_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static gboolean
is_wrapping_label (GtkWidget *widget)
{
  return GTK_IS_LABEL (widget) && gtk_label_get_wrap (GTK_LABEL (widget));
}

/* Labels that wrap go into any width, and to find their least they would be laid out a letter a line: they are asked
 * only where they are not alone in theirs. */
static void
measure_width (GtkWidget *child,
               int       *minimum,
               int       *natural)
{
  if (!GTK_IS_BOX (child) || gtk_orientable_get_orientation (GTK_ORIENTABLE (child)) != GTK_ORIENTATION_VERTICAL)
    {
      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, minimum, natural, NULL, NULL);
      return;
    }

  *minimum = 0;
  *natural = CHAT_COLUMN_WIDTH;

  for (GtkWidget *part = gtk_widget_get_first_child (child); part != NULL; part = gtk_widget_get_next_sibling (part))
    {
      int least;

      if (!gtk_widget_should_layout (part) || is_wrapping_label (part))
        continue;

      gtk_widget_measure (part, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
      *minimum = MAX (*minimum, least);
    }
}

static void
chat_column_measure (GtkWidget      *widget,
                     GtkOrientation  orientation,
                     int             for_size,
                     int            *minimum,
                     int            *natural,
                     int            *minimum_baseline,
                     int            *natural_baseline)
{
  ChatColumn *self = CHAT_COLUMN (widget);

  if (self->child == NULL || !gtk_widget_should_layout (self->child))
    return;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      /* Whatever the height is: to say more a label that wraps would try one width after the other. */
      measure_width (self->child, minimum, natural);
      *minimum += 2 * CHAT_COLUMN_MARGIN;
      *natural += 2 * CHAT_COLUMN_MARGIN;
      return;
    }

  /* Where the width is not known, it is that of the column at most. */
  for_size = for_size >= 0 ? MAX (0, for_size - 2 * chat_column_get_margin (for_size)) : CHAT_COLUMN_WIDTH;
  gtk_widget_measure (self->child, orientation, for_size, minimum, natural, NULL, NULL);
}

static void
chat_column_size_allocate (GtkWidget *widget,
                           int        width,
                           int        height,
                           int        baseline)
{
  ChatColumn *self = CHAT_COLUMN (widget);
  const int margin = chat_column_get_margin (width);
  const GtkAllocation place = { margin, 0, MAX (0, width - 2 * margin), height };

  if (self->child != NULL && gtk_widget_should_layout (self->child))
    gtk_widget_size_allocate (self->child, &place, -1);
}

static void
chat_column_get_property (GObject    *object,
                          guint       id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  ChatColumn *self = CHAT_COLUMN (object);

  switch (id)
    {
    case PROP_CHILD:
      g_value_set_object (value, self->child);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
chat_column_set_property (GObject      *object,
                          guint         id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  ChatColumn *self = CHAT_COLUMN (object);

  switch (id)
    {
    case PROP_CHILD:
      chat_column_set_child (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
chat_column_dispose (GObject *object)
{
  ChatColumn *self = CHAT_COLUMN (object);

  g_clear_pointer (&self->child, gtk_widget_unparent);

  G_OBJECT_CLASS (chat_column_parent_class)->dispose (object);
}

static void
chat_column_class_init (ChatColumnClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = chat_column_get_property;
  object_class->set_property = chat_column_set_property;
  object_class->dispose = chat_column_dispose;
  widget_class->get_request_mode = chat_column_get_request_mode;
  widget_class->measure = chat_column_measure;
  widget_class->size_allocate = chat_column_size_allocate;

  props[PROP_CHILD] = g_param_spec_object ("child", NULL, NULL, GTK_TYPE_WIDGET,
                                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
chat_column_init (ChatColumn *self)
{
}

static void
chat_column_add_child (GtkBuildable *buildable,
                       GtkBuilder   *builder,
                       GObject      *child,
                       const char   *type)
{
  if (GTK_IS_WIDGET (child))
    chat_column_set_child (CHAT_COLUMN (buildable), GTK_WIDGET (child));
  else
    parent_buildable->add_child (buildable, builder, child, type);
}

static void
chat_column_buildable_init (GtkBuildableIface *iface)
{
  parent_buildable = g_type_interface_peek_parent (iface);
  iface->add_child = chat_column_add_child;
}
