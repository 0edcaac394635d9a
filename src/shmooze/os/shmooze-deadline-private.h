/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long, and how often, to try an operation that other processes can prevent. A deadline limits waiting, not work:
 * after the time is up there is always one more attempt, even if this process was stopped in the meantime. */
typedef struct
{
  gint64   end;            /* of g_get_monotonic_time(); G_MAXINT64: never */
  gint64   pause_usec;     /* before the next attempt; doubled each time */
  gint64   longest_usec;
  gboolean is_last;        /* no attempt follows the current one */
} ShmoozeDeadline;

gint64   shmooze_deadline_from_timeout (gint64           timeout_usec);
void     shmooze_deadline_init         (ShmoozeDeadline *self,
                                        gint64           timeout_usec,
                                        gint64           pause_usec,
                                        gint64           longest_usec);
gint64   shmooze_deadline_next         (ShmoozeDeadline *self);
gboolean shmooze_deadline_sleep        (ShmoozeDeadline *self);

G_END_DECLS
