/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-poll-private.h"

#include "os/shmooze-bell-private.h"
#include "region/shmooze-region-private.h"

/* Half of the latency of a message is the time until the next poll, which is short after a change. */
#define FIRST_PAUSE_MSEC 1

typedef struct
{
  GSource        source;
  guint          pause_msec;
  gpointer       bell_tag;     /* NULL if there is no doorbell */
  int            bell;
  ShmoozeRegion *region;       /* the region of the doorbell */
  guint64        number;
} Poll;

static void
poll_after (Poll  *self,
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
  gboolean changed;

  /* Before polling, so that a change during it rings again. */
  if (self->bell_tag != NULL && g_source_query_unix_fd (source, self->bell_tag) != 0)
    shmooze_bell_quiet (self->bell);
  changed = callback (user_data);

  poll_after (self, changed ? FIRST_PAUSE_MSEC : MIN (self->pause_msec * 2, SHMOOZE_POLL_MAX_MSEC));
  return G_SOURCE_CONTINUE;
}

GSource *
shmooze_poll_source_new (void)
{
  static GSourceFuncs funcs = { .dispatch = poll_dispatch };
  GSource *source = g_source_new (&funcs, sizeof (Poll));

  g_source_set_static_name (source, "shmooze-poll");
  poll_after ((Poll *) source, FIRST_PAUSE_MSEC);
  return source;
}

/* If the doorbell cannot be created, the source only polls. No other process may use @number. */
void
shmooze_poll_source_add_bell (GSource       *source,
                              ShmoozeRegion *region,
                              guint64        number)
{
  Poll *self = (Poll *) source;

  self->bell = shmooze_bell_make (shmooze_region_get_id (region), number, NULL);
  if (self->bell < 0)
    return;
  self->bell_tag = g_source_add_unix_fd (source, self->bell, G_IO_IN);
  self->region = g_object_ref (region);
  self->number = number;
}

/* Must be called before the source is destroyed. */
void
shmooze_poll_source_remove_bell (GSource *source)
{
  Poll *self = (Poll *) source;

  if (self->bell_tag == NULL)
    return;
  g_source_remove_unix_fd (source, g_steal_pointer (&self->bell_tag));
  shmooze_bell_unmake (self->bell, shmooze_region_get_id (self->region), self->number);
  g_clear_object (&self->region);
}

/* Call this when a change is expected soon. */
void
shmooze_poll_source_hurry (GSource *source)
{
  poll_after ((Poll *) source, FIRST_PAUSE_MSEC);
}
