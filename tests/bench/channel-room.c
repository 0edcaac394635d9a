/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A room of Shmooze, in a main loop only. Its messages are text, so each byte is sent as two letters. */

#include "bench.h"

#include <shmooze/shmooze.h>
#include <string.h>

struct _BenchChannel
{
  ShmoozeRoom  *room;
  BenchDeliver  deliver;
  char         *text;     /* of the message to send */
  guchar       *bytes;    /* of the received message */
  GBytes       *early;    /* a message received before bench_channel_watch() */
};

static void
on_message (ShmoozeRoom    *room,
            ShmoozeMessage *message,
            BenchChannel   *self)
{
  const char *text = shmooze_message_get_text (message);
  gsize size = strlen (text) / 2;

  if (shmooze_message_is_own (message))
    return;

  for (gsize i = 0; i < size; i++)
    self->bytes[i] = (guchar) ((text[2 * i] - 'A') << 4 | (text[2 * i + 1] - 'A'));
  if (self->deliver != NULL)
    self->deliver (self->bytes, size);
  else
    self->early = g_bytes_new (self->bytes, size);
}

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);
  g_autoptr(GError) error = NULL;

  if (run->wait != BENCH_LOOP)
    bench_die ("A room needs a main loop");

  self->text = g_malloc (2 * run->size + 1);
  self->bytes = g_malloc (run->size);
  self->room = shmooze_room_join (run->id, run->ping ? "ping" : "pong", SHMOOZE_WAIT_AUTO, &error);
  if (self->room == NULL)
    bench_die ("%s", error->message);
  g_signal_connect (self->room, "message", G_CALLBACK (on_message), self);
  while (g_list_model_get_n_items (shmooze_room_get_peers (self->room)) == 0)
    g_main_context_iteration (NULL, TRUE);
  return self;
}

void
bench_channel_send (BenchChannel  *self,
                    gconstpointer  message,
                    gsize          size)
{
  const guchar *bytes = message;

  for (gsize i = 0; i < size; i++)
    {
      self->text[2 * i] = (char) ('A' + (bytes[i] >> 4));
      self->text[2 * i + 1] = (char) ('A' + (bytes[i] & 15));
    }
  self->text[2 * size] = '\0';
  shmooze_room_send_async (self->room, self->text, NULL, NULL, NULL);
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  bench_die ("A room needs a main loop");
}

static gboolean
deliver_early (gpointer user_data)
{
  BenchChannel *self = user_data;
  gsize size;
  gconstpointer message = g_bytes_get_data (self->early, &size);

  self->deliver (message, size);
  g_clear_pointer (&self->early, g_bytes_unref);
  return G_SOURCE_REMOVE;
}

int
bench_channel_watch (BenchChannel *self,
                     BenchDeliver  deliver)
{
  self->deliver = deliver;
  if (self->early != NULL)
    g_idle_add (deliver_early, self);
  return BENCH_WATCH_NATIVE;
}

void
bench_channel_close (BenchChannel *self)
{
  shmooze_room_leave (self->room);
  g_object_unref (self->room);
  g_free (self->text);
  g_free (self->bytes);
  g_free (self);
}
