/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-view.h"

G_BEGIN_DECLS

/* The live text's format, in a view: the number of UTF-16 units, a little-endian int32, is at offset 0; the text,
 * little-endian UTF-16, begins at offset 10. */
#define SHMOOZE_TEXT_CELL_MIN 10

guint     shmooze_text_cell_get_max_units (ShmoozeView  *view);
GBytes   *shmooze_text_cell_read          (ShmoozeView  *view,
                                           GError      **error);
char     *shmooze_text_cell_to_utf8       (GBytes       *units);
gboolean  shmooze_text_cell_write         (ShmoozeView  *view,
                                           const char   *text,
                                           GError      **error);

G_END_DECLS
