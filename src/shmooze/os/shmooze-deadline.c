/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "os/shmooze-deadline-private.h"

/* The time at which a time-out ends: G_MAXINT64 (never) for a negative one. */
gint64
shmooze_deadline_from_timeout (gint64 timeout_usec)
{
  gint64 now;

  if (timeout_usec < 0)
    return G_MAXINT64;

  now = g_get_monotonic_time ();
  return timeout_usec > G_MAXINT64 - now ? G_MAXINT64 : now + timeout_usec;
}

/* With a time-out of 0 there is one attempt, with a negative one the attempts never end. */
void
shmooze_deadline_init (ShmoozeDeadline *self,
                       gint64           timeout_usec,
                       gint64           pause_usec,
                       gint64           longest_usec)
{
  self->end = shmooze_deadline_from_timeout (timeout_usec);
  self->pause_usec = pause_usec;
  self->longest_usec = longest_usec;
  self->is_last = timeout_usec == 0;
}

/* Must be called after an attempt failed. Returns the time of the next attempt, or -1 if there is none. */
gint64
shmooze_deadline_next (ShmoozeDeadline *self)
{
  gint64 next = MIN (g_get_monotonic_time () + self->pause_usec, self->end);

  if (self->is_last)
    return -1;

  self->pause_usec = MIN (self->pause_usec * 2, self->longest_usec);
  self->is_last = next == self->end;
  return next;
}

/* Must be called after an attempt failed. Sleeps until the next one; FALSE if there is none. */
gboolean
shmooze_deadline_sleep (ShmoozeDeadline *self)
{
  gint64 next = shmooze_deadline_next (self);
  gint64 now = g_get_monotonic_time ();

  if (next > now)
    g_usleep ((gulong) (next - now));
  return next >= 0;
}
