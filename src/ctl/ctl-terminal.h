/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean ctl_terminal_is_output   (void);
gboolean ctl_terminal_can_erase   (void);
gboolean ctl_terminal_has_color   (void);
guint    ctl_terminal_get_columns (void);
guint    ctl_terminal_get_rows    (void);

G_END_DECLS
