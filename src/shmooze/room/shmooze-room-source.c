/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-room-private.h"

#include "lane/shmooze-reader-private.h"
#include "lane/shmooze-writer-private.h"
#include "os/shmooze-bell-private.h"
#include "room/shmooze-message-private.h"
#include "room/shmooze-peer-private.h"

#include <glib/gi18n-lib.h>

/* One GSource for each room turns the changes in shared memory into signals. It is woken by the room's own doorbell, by
 * an error on a peer's doorbell, which means that the peer's process has ended, or by its ready time. */

/* The interval at which the room checks whether its peers read what was published. */
#define ATTENTION_USEC (G_USEC_PER_SEC)

/* At most this many messages of a peer are read at a time, and the source then rests for REST_USEC, so that a peer that
 * writes fast does not block the main loop. */
#define BATCH 128
#define REST_USEC 2000

/* The outbox is flushed at this interval, even if no reader rings. */
#define RETRY_USEC (G_USEC_PER_SEC)

typedef struct
{
  GSource       source;
  ShmoozeRoom  *room;
  gpointer      bell_tag;
  GFileMonitor *monitor;
  GPtrArray    *spare_messages;
  guint         poll_msec;
  gint64        attention_time;  /* when to check whether the peers read; 0 if that is not needed */
  gboolean      file_changed;    /* the file monitor has emitted a signal */
  gboolean      dispatching;     /* signals are being emitted; prevents recursion */
  gboolean      missed;          /* the doorbell rang during the dispatch */
  gboolean      has_history;     /* the messages sent before joining were emitted */
  gboolean      resting;         /* there is more to read, but other sources are dispatched first */
} RoomSource;

enum
{
  MESSAGE,
  DRAFT_CHANGED,
  LANE_BROKEN,
  LOST,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

void
shmooze_room_source_class_init (ShmoozeRoomClass *klass)
{
  /**
   * ShmoozeRoom::message:
   * @self: the room
   * @message: the message
   *
   * Emitted once for each message, own messages included. The messages that
   * were sent before joining come first.
   *
   * When several peers send at the same time, a message can be emitted after
   * one with a higher number.
   *
   * Since: 1.0
   */
  signals[MESSAGE] = g_signal_new ("message", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, SHMOOZE_TYPE_MESSAGE | G_SIGNAL_TYPE_STATIC_SCOPE);
  /**
   * ShmoozeRoom::draft-changed:
   * @self: the room
   * @peer: the peer that is typing
   *
   * Emitted when [method@Peer.get_draft] has changed.
   *
   * Since: 1.0
   */
  signals[DRAFT_CHANGED] = g_signal_new ("draft-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 1, SHMOOZE_TYPE_PEER);
  /**
   * ShmoozeRoom::lane-broken:
   * @self: the room
   * @seat: the number of the seat that the lane belongs to
   * @error: what is wrong
   *
   * Emitted when the contents of a seat's lane are invalid. The lane is not
   * read any more; the other lanes are not affected.
   *
   * Since: 1.0
   */
  signals[LANE_BROKEN] = g_signal_new ("lane-broken", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_ERROR);
  /**
   * ShmoozeRoom::lost:
   * @self: the room
   * @error: what happened
   *
   * Emitted once, when the region was truncated, or when its name now belongs
   * to another region. To go on, leave the room and join again.
   *
   * Since: 1.0
   */
  signals[LOST] = g_signal_new ("lost", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_ERROR);
}

/* Reading */

static void
break_lane (ShmoozeRoom *self,
            guint        number,
            GError      *error)
{
  ShmoozeRoomSeat *seat = &self->others[number];

  if (seat->reader != NULL)
    shmooze_reader_close (seat->reader);
  g_clear_object (&seat->reader);
  g_signal_emit (self, signals[LANE_BROKEN], 0, number, error);
}

static void
report_broken (ShmoozeRoom *self)
{
  for (guint i = 0; i < self->seats.n_seats && !self->left; i++)
    if (self->others[i].broken != NULL)
      {
        g_autoptr(GError) error = g_steal_pointer (&self->others[i].broken);

        break_lane (self, i, error);
      }
}

static void
take_messages (RoomSource *source,
               guint       number,
               guint       most)
{
  ShmoozeRoom *self = source->room;
  ShmoozeRoomSeat *seat = &self->others[number];
  g_autoptr(GError) error = NULL;
  guint n_before = self->messages->len;

  if (seat->reader == NULL)
    return;
  if (!shmooze_messages_read (self->messages, seat->reader, number, most, &seat->last_sender, &error) &&
      !g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST))
    break_lane (self, number, error);
  source->resting = source->resting || self->messages->len - n_before == most;
}

static void
take_draft (ShmoozeRoom *self,
            guint        number)
{
  ShmoozeRoomSeat *seat = &self->others[number];
  g_autoptr(ShmoozePeer) peer = NULL;
  g_autoptr(GError) error = NULL;

  if (seat->reader == NULL || !shmooze_reader_has_draft (seat->reader))
    return;
  if (seat->peer == NULL)
    g_free (shmooze_reader_read_draft (seat->reader, NULL, &error));
  else
    {
      peer = g_object_ref (seat->peer);
      if (shmooze_peer_read_draft (peer, seat->reader, &error) && !self->left)
        g_signal_emit (self, signals[DRAFT_CHANGED], 0, peer);
    }
  if (error != NULL && !g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST))
    break_lane (self, number, error);
}

/* Emits the collected messages in order. Own messages that a signal handler sends during this are collected in the
 * spare array. Returns the number of messages. */
static guint
emit_messages (RoomSource *source)
{
  ShmoozeRoom *self = source->room;
  GPtrArray *messages = self->messages;
  guint n = messages->len;

  if (n == 0)
    return 0;

  self->messages = source->spare_messages;
  source->spare_messages = messages;
  if (n > 1)
    g_ptr_array_sort (messages, shmooze_message_compare);
  for (guint i = 0; i < n && !self->left; i++)
    g_signal_emit (self, signals[MESSAGE], 0, g_ptr_array_index (messages, i));
  g_ptr_array_set_size (messages, 0);
  return n;
}

/* Returns a bit mask of the seats whose lane has an unread message or draft. */
static guint64
find_news (ShmoozeRoom *self)
{
  guint64 news = 0;

  for (guint i = 0; i < self->seats.n_speaking; i++)
    if (self->others[i].reader != NULL && shmooze_reader_has_pending (self->others[i].reader))
      news |= shmooze_seat_bit (i);
  return news;
}

/* Reads the lanes of the seats in @news, and the seats that have changed. Returns the number of messages emitted. */
static guint
take_news (RoomSource *source,
           guint64     news,
           guint       most)
{
  ShmoozeRoom *self = source->room;
  guint64 changes = shmooze_room_presence_find_changes (self);
  guint64 rest = news;
  guint n = 0, i;

  source->poll_msec = (news | changes) != 0 ? SHMOOZE_POLL_MIN_MSEC : MIN (source->poll_msec * 2, SHMOOZE_POLL_MAX_MSEC);
  /* Clear the asleep bit of each reader that has something to read. The bits of the other readers may remain set: at
   * worst they cause an unnecessary ring. */
  while (shmooze_seats_take_lowest (&rest, &i))
    shmooze_reader_wake_up (self->others[i].reader);

  /* Report joins before messages are read, and departures after that, so that no message comes from a peer that has not
   * joined yet or has already left. */
  shmooze_room_presence_update (self, changes & ~self->present);
  for (rest = news; !self->left && shmooze_seats_take_lowest (&rest, &i);)
    take_messages (source, i, most);
  if (!self->left)
    n += emit_messages (source);
  for (rest = news; !self->left && shmooze_seats_take_lowest (&rest, &i);)
    take_draft (self, i);
  shmooze_room_presence_report_crashed (self);
  if (!source->resting)
    shmooze_room_presence_update (self, self->present & (self->polls && (news | changes) == 0 ? G_MAXUINT64
                                                                                            : changes | self->silent));

  if (!self->left && self->writer != NULL)
    shmooze_outbox_flush (&self->outbox, &self->writer->ring, self->bell >= 0, shmooze_seat_offset (self->own_seat));
  /* Handlers may have sent messages: emit these now, rather than in the next iteration of the main loop. */
  if (!self->left)
    n += emit_messages (source);
  return n;
}

/* The source */

static gboolean
room_source_prepare (GSource *source,
                     gint    *timeout)
{
  RoomSource *room_source = (RoomSource *) source;
  ShmoozeRoom *self = room_source->room;
  gboolean ready = FALSE;

  *timeout = -1;
  if (self->lost || room_source->resting || room_source->dispatching)
    return FALSE;
  for (guint i = 0; i < self->seats.n_speaking && !ready; i++)
    if (self->others[i].reader != NULL)
      {
        ready = !shmooze_reader_fall_asleep (self->others[i].reader);
        *timeout = MAX (*timeout, shmooze_reader_get_poll_timeout (self->others[i].reader));
      }
  return ready;
}

static gboolean
room_source_check (GSource *source)
{
  RoomSource *room_source = (RoomSource *) source;
  ShmoozeRoom *self = room_source->room;
  gboolean rung = room_source->bell_tag != NULL && g_source_query_unix_fd (source, room_source->bell_tag) != 0;

  if (rung)
    shmooze_bell_quiet (self->bell);
  if (room_source->dispatching)
    {
      /* A signal handler is running a nested main loop. */
      shmooze_room_presence_close_bells (self, TRUE);
      room_source->missed = room_source->missed || rung;
    }
  if (room_source->resting || room_source->dispatching)
    return FALSE;
  return rung ||
         (!self->lost &&
          ((find_news (self) | shmooze_room_presence_find_changes (self)) != 0 ||
           (!shmooze_region_is_sound (self->region) && !shmooze_region_check (self->region, NULL))));
}

static gboolean
is_lost (RoomSource  *source,
         GError     **error)
{
  ShmoozeRoom *self = source->room;

  if (!shmooze_region_check (self->region, error))
    return TRUE;
  if (!source->file_changed)
    return FALSE;

  source->file_changed = FALSE;
  if (!shmooze_region_is_replaced (self->region))
    return FALSE;
  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST,
               _("Region “%s” was replaced by another region of the same name; join again to use the new one"),
               self->name);
  return TRUE;
}

/* Sets the time of the next dispatch, if one is needed. */
static void
schedule (RoomSource *source,
          gint64      now)
{
  ShmoozeRoom *self = source->room;
  gint64 next = shmooze_room_presence_schedule (self, now);

  if (source->attention_time > 0)
    next = MIN (next, source->attention_time);
  if (self->polls)
    next = MIN (next, now + source->poll_msec * 1000);
  if (!shmooze_outbox_is_empty (&self->outbox))
    next = MIN (next, now + RETRY_USEC);
  /* REST_USEC begins at the end of the batch, because reading the batch may have taken longer than that. */
  if (source->resting)
    next = g_get_monotonic_time () + REST_USEC;
  if (self->messages->len > 0 || source->missed || source->file_changed)
    next = 0;
  source->missed = FALSE;
  g_source_set_ready_time (&source->source, next == G_MAXINT64 || self->lost ? -1 : next);
}

static void
dispatch (RoomSource *source)
{
  ShmoozeRoom *self = source->room;
  gint64 now = g_get_monotonic_time ();
  guint64 news = find_news (self);
  guint most = BATCH, n_taken = 0;

  source->resting = FALSE;
  if (!source->has_history)
    {
      /* The history is read in one batch, so that the messages of all seats can be sorted. */
      most = MAX (self->seats.queue_size / 16, BATCH);
      source->has_history = TRUE;
      report_broken (self);
      if (self->left)
        return;
    }

  /* When a handler has sent something, the answer has often arrived by now. Read it without another iteration of the
   * main loop. */
  do
    {
      n_taken += 1 + take_news (source, news, most);
      if (self->left)
        return;
      news = find_news (self);
    }
  while (!source->resting && n_taken < most && (news & self->present) != 0);

  if (source->attention_time > 0 && now >= source->attention_time)
    source->attention_time = shmooze_room_presence_check_attention (self, now) ? 0 : now + ATTENTION_USEC;
  if (!self->left)
    schedule (source, now);
}

static gboolean
room_source_dispatch (GSource     *source,
                      GSourceFunc  callback,
                      gpointer     user_data)
{
  RoomSource *room_source = (RoomSource *) source;
  g_autoptr(ShmoozeRoom) self = g_object_ref (room_source->room);
  g_autoptr(GError) error = NULL;

  if (self->lost || self->left || room_source->dispatching)
    {
      g_source_set_ready_time (source, -1);
      return G_SOURCE_CONTINUE;
    }

  room_source->dispatching = TRUE;
  if (is_lost (room_source, &error))
    {
      g_source_set_ready_time (source, -1);
      self->lost = TRUE;
      shmooze_room_presence_close_bells (self, FALSE);
      g_signal_emit (self, signals[LOST], 0, error);
    }
  else
    dispatch (room_source);
  room_source->dispatching = FALSE;
  return G_SOURCE_CONTINUE;
}

static void
room_source_finalize (GSource *source)
{
  g_ptr_array_unref (((RoomSource *) source)->spare_messages);
}

static GSourceFuncs room_source_funcs = {
  .prepare = room_source_prepare,
  .check = room_source_check,
  .dispatch = room_source_dispatch,
  .finalize = room_source_finalize
};

/* Makes the source ready. During a dispatch that is not needed, because the dispatch checks everything at its end. */
void
shmooze_room_source_wake (ShmoozeRoom *self)
{
  if (!((RoomSource *) self->source)->dispatching)
    g_source_set_ready_time (self->source, 0);
}

/* Called when something was published: schedules a check whether the peers read it. */
void
shmooze_room_source_expect_attention (ShmoozeRoom *self)
{
  RoomSource *source = (RoomSource *) self->source;
  gint64 ready;

  if (source->attention_time != 0 || g_list_model_get_n_items (G_LIST_MODEL (self->peers)) == 0)
    return;

  source->attention_time = g_get_monotonic_time () + ATTENTION_USEC;
  ready = g_source_get_ready_time (self->source);
  if (!source->dispatching && (ready < 0 || ready > source->attention_time))
    g_source_set_ready_time (self->source, source->attention_time);
}

static void
on_file_changed (GFileMonitor      *monitor,
                 GFile             *file,
                 GFile             *other_file,
                 GFileMonitorEvent  event,
                 gpointer           user_data)
{
  ShmoozeRoom *self = user_data;

  ((RoomSource *) self->source)->file_changed = TRUE;
  shmooze_room_source_wake (self);
}

/* Creates and attaches the source. The room must already have a seat. */
void
shmooze_room_source_start (ShmoozeRoom  *self,
                           GMainContext *context)
{
  g_autoptr(GFile) file = g_file_new_for_path (shmooze_region_get_path (self->region));
  RoomSource *source;

  self->source = g_source_new (&room_source_funcs, sizeof (RoomSource));
  source = (RoomSource *) self->source;
  source->room = self;
  source->spare_messages = g_ptr_array_new_with_free_func ((GDestroyNotify) shmooze_message_unref);
  source->poll_msec = SHMOOZE_POLL_MIN_MSEC;
  g_source_set_static_name (self->source, "ShmoozeRoom");
  /* The source may recurse so that a nested main loop reads the doorbell; the dispatching flag keeps it from emitting
   * signals recursively. */
  g_source_set_can_recurse (self->source, TRUE);
  if (self->bell >= 0)
    source->bell_tag = g_source_add_unix_fd (self->source, self->bell, G_IO_IN);
  shmooze_room_presence_begin (self);
  shmooze_region_set_context (self->region, context);
  shmooze_room_source_wake (self);
  g_source_attach (self->source, context);

  /* The file is monitored, because no doorbell rings when it is truncated or replaced. */
  source->monitor = g_file_monitor_file (file, G_FILE_MONITOR_NONE, NULL, NULL);
  if (source->monitor != NULL)
    g_signal_connect (source->monitor, "changed", G_CALLBACK (on_file_changed), self);
}

void
shmooze_room_source_stop (ShmoozeRoom *self)
{
  if (self->source == NULL)
    return;

  g_clear_object (&((RoomSource *) self->source)->monitor);
  shmooze_room_presence_end (self);
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}
