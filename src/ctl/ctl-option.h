/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <shmooze/shmooze.h>

G_BEGIN_DECLS

/* The options whose values the callbacks below check. A verb fills in the defaults. */
typedef struct
{
  gboolean      color;
  ShmoozeWait   wait;
  ShmoozeAccess access;
  guint64       capacity;
  gint64        read_position;
  gint64        write_position;
} CtlOptions;

#define CTL_OPTION(name, callback, description, value) \
  { name, 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) callback, description, value }

gboolean ctl_option_color      (const char  *name,
                                const char  *value,
                                gpointer     data,
                                GError     **error);
gboolean ctl_option_wait       (const char  *name,
                                const char  *value,
                                gpointer     data,
                                GError     **error);
gboolean ctl_option_access     (const char  *name,
                                const char  *value,
                                gpointer     data,
                                GError     **error);
gboolean ctl_option_size       (const char  *name,
                                const char  *value,
                                gpointer     data,
                                GError     **error);
gboolean ctl_option_parse_size (const char  *text,
                                guint64     *size,
                                GError     **error);

G_END_DECLS
