/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-poll-private.h"

#include "shmooze-reader-private.h"

/* Half of a message's way is waiting for the next look: the first ones come quickly. */
#define FIRST_PAUSE_MSEC 1

typedef struct
{
  GSource source;
  guint   pause_msec;
} Poll;

static void
look_again (Poll  *self,
            guint  pause_msec)
{
  self->pause_msec = pause_msec;
  g_source_set_ready_time (&self->source, g_get_monotonic_time () + pause_msec * 1000);
}

static gboolean
poll_dispatch (GSource     *source,
               GSourceFunc  callback,
               gpointer     user_data)
{
  Poll *self = (Poll *) source;
  gboolean moved = callback (user_data);

  look_again (self, moved ? FIRST_PAUSE_MSEC : MIN (self->pause_msec * 2, SHMOOZE_POLL_MAX_MSEC));
  return G_SOURCE_CONTINUE;
}

GSource *
shmooze_poll_source_new (void)
{
  static GSourceFuncs funcs = { .dispatch = poll_dispatch };
  GSource *source = g_source_new (&funcs, sizeof (Poll));

  g_source_set_static_name (source, "shmooze-poll");
  look_again ((Poll *) source, FIRST_PAUSE_MSEC);
  return source;
}

/* Something is about to move: looks soon, and often. */
void
shmooze_poll_source_hurry (GSource *source)
{
  look_again ((Poll *) source, FIRST_PAUSE_MSEC);
}
