/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-clamp.h"

/* Limits the width of its child to that of the text column, and centers it. */
struct _ChatClamp
{
  GtkWidget  parent_instance;
};

G_DEFINE_FINAL_TYPE (ChatClamp, chat_clamp, GTK_TYPE_WIDGET)

int
chat_clamp_get_margin (int width)
{
  return MAX (CHAT_CLAMP_MARGIN, (width - CHAT_CLAMP_WIDTH) / 2);
}

static GtkSizeRequestMode
chat_clamp_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static gboolean
is_wrapping_label (GtkWidget *widget)
{
  return GTK_IS_LABEL (widget) && gtk_label_get_wrap (GTK_LABEL (widget));
}

/* Labels that wrap fit into any width. To find their minimum width GTK would lay them out with a letter on each line,
 * so the children of a vertical box are measured without them. */
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
  *natural = CHAT_CLAMP_WIDTH;

  for (GtkWidget *part = gtk_widget_get_first_child (child); part != NULL; part = gtk_widget_get_next_sibling (part))
    {
      int part_minimum;

      if (!gtk_widget_should_layout (part) || is_wrapping_label (part))
        continue;

      gtk_widget_measure (part, GTK_ORIENTATION_HORIZONTAL, -1, &part_minimum, NULL, NULL, NULL);
      *minimum = MAX (*minimum, part_minimum);
    }
}

static void
chat_clamp_measure (GtkWidget      *widget,
                    GtkOrientation  orientation,
                    int             for_size,
                    int            *minimum,
                    int            *natural,
                    int            *minimum_baseline,
                    int            *natural_baseline)
{
  GtkWidget *child = gtk_widget_get_first_child (widget);

  if (child == NULL || !gtk_widget_should_layout (child))
    return;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      /* The height is ignored: a label that wraps would try one width after the other to fit into it. */
      measure_width (child, minimum, natural);
      *minimum += 2 * CHAT_CLAMP_MARGIN;
      *natural += 2 * CHAT_CLAMP_MARGIN;
      return;
    }

  for_size = for_size >= 0 ? MAX (0, for_size - 2 * chat_clamp_get_margin (for_size)) : CHAT_CLAMP_WIDTH;
  gtk_widget_measure (child, orientation, for_size, minimum, natural, NULL, NULL);
}

static void
chat_clamp_size_allocate (GtkWidget *widget,
                          int        width,
                          int        height,
                          int        baseline)
{
  GtkWidget *child = gtk_widget_get_first_child (widget);
  const int margin = chat_clamp_get_margin (width);

  if (child != NULL && gtk_widget_should_layout (child))
    gtk_widget_size_allocate (child, &(GtkAllocation) { margin, 0, MAX (0, width - 2 * margin), height }, -1);
}

static void
chat_clamp_dispose (GObject *object)
{
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (object));

  g_clear_pointer (&child, gtk_widget_unparent);

  G_OBJECT_CLASS (chat_clamp_parent_class)->dispose (object);
}

static void
chat_clamp_class_init (ChatClampClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = chat_clamp_dispose;
  widget_class->get_request_mode = chat_clamp_get_request_mode;
  widget_class->measure = chat_clamp_measure;
  widget_class->size_allocate = chat_clamp_size_allocate;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
chat_clamp_init (ChatClamp *self)
{
}
