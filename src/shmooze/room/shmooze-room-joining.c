/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-room-private.h"

#include "os/shmooze-bell-private.h"
#include "lane/shmooze-reader-private.h"

#include <glib/gi18n-lib.h>
#include <pthread.h>
#include <string.h>

static ShmoozeRegion *
open_or_create (const char  *name,
                GError     **error)
{
  for (gint64 deadline = g_get_monotonic_time () + G_USEC_PER_SEC; ;)
    {
      g_autoptr(GError) local_error = NULL;
      ShmoozeRegion *region = shmooze_region_open (name, SHMOOZE_ACCESS_READ_WRITE, &local_error);

      if (region == NULL && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        {
          g_clear_error (&local_error);
          region = shmooze_seats_create_room (name, &local_error);
        }
      if (region != NULL)
        return region;
      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_EXISTS) || g_get_monotonic_time () >= deadline)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
}

/* Only one joins at a time, so that nicks are unique and seats are taken in order. It is a matter of
 * microseconds, unless somebody was stopped in the middle of it. */
static gboolean
start_joining (ShmoozeRoom  *self,
               GError      **error)
{
  for (gint64 deadline = g_get_monotonic_time () + G_USEC_PER_SEC; g_get_monotonic_time () < deadline;)
    {
      if (shmooze_region_try_lock (self->region, 0))
        return TRUE;
      g_usleep (200);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
               _("Another process has been joining “%s” for more than a second; try again"), self->name);
  return FALSE;
}

/* Makes the nick one that nobody here has: “Ada”, “Ada 2”. */
static char *
choose_nick (ShmoozeRoom *self,
             const char  *wish)
{
  g_autofree char *base = shmooze_seats_legible (wish, strlen (wish));

  /* Leave room for the number, and cut between characters. */
  if (strlen (base) > SHMOOZE_NICK_MAX - 4)
    {
      char *end = g_utf8_find_prev_char (base, base + SHMOOZE_NICK_MAX - 4);

      *end = '\0';
    }
  for (guint n = 1; ; n++)
    {
      g_autofree char *nick = n == 1 ? g_strdup (base) : g_strdup_printf ("%s %u", base, n);
      gboolean used = FALSE;

      for (guint i = 0; i < self->seats.n_seats && !used; i++)
        {
          g_autofree char *other = NULL;
          guint64 word;
          gint64 since;

          /* One's own still says who sat there before. */
          used = i != self->own_seat &&
                 shmooze_seats_read (&self->seats, i, &word, &since, &other) &&
                 (word & SHMOOZE_SEAT_WORD_TAKEN) && g_str_equal (other, nick) &&
                 shmooze_region_is_locked (self->region, shmooze_seat_at (i));
        }
      if (!used)
        return g_steal_pointer (&nick);
    }
}

/* Becomes the writer of the seat's lane, and reads what others said from this seat before. */
static gboolean
take_lane (ShmoozeRoom  *self,
           guint         seat,
           GError      **error)
{
  g_autoptr(ShmoozeView) view = shmooze_seats_view_lane (&self->seats, seat, SHMOOZE_ACCESS_READ_WRITE, error);
  g_autoptr(ShmoozeReader) history = NULL;

  if (view == NULL)
    return FALSE;
  self->writer = shmooze_writer_new (view, self->seats.n_seats, self->seats.draft_size, error);
  if (self->writer == NULL)
    return FALSE;
  history = shmooze_reader_new_with_bell (view, 0, FALSE, error);
  if (history == NULL || !shmooze_room_read_messages (self, history, seat, G_MAXUINT, error) ||
      !shmooze_writer_set_draft (self->writer, "", 0, error))
    {
      g_ptr_array_set_size (self->messages, 0);
      g_clear_object (&self->writer);
      return FALSE;
    }
  return TRUE;
}

/* Tries the seats in one pass; in the first those that were left in good order, so that the drafts of the
 * crashed stay as long as possible. */
static gboolean
take_seat_from (ShmoozeRoom *self,
                guint        first,
                guint        end,
                gboolean     crashed_too)
{
  for (guint i = first; i < end; i++)
    {
      guint64 word = atomic_load (shmooze_seat_word (&self->seats, i));

      if (!crashed_too && (word & SHMOOZE_SEAT_WORD_TAKEN))
        continue;
      if (!shmooze_region_try_lock (self->region, shmooze_seat_at (i)))
        continue;
      if (i >= self->seats.n_speaking || take_lane (self, i, NULL))
        {
          self->own_seat = i;
          return TRUE;
        }
      shmooze_region_unlock (self->region, shmooze_seat_at (i));
    }
  return FALSE;
}

static gboolean
take_seat (ShmoozeRoom  *self,
           GError      **error)
{
  for (guint pass = 0; pass < 2; pass++)
    if (take_seat_from (self, 0, self->seats.n_speaking, pass == 1))
      return TRUE;
  if (take_seat_from (self, self->seats.n_speaking, self->seats.n_seats, TRUE))
    return TRUE;

  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_NO_SEAT,
               _("All %u seats in “%s” are taken; wait until one is free, or choose another name"),
               self->seats.n_seats, self->name);
  return FALSE;
}

static void
attach_readers (ShmoozeRoom *self)
{
  for (guint i = 0; i < self->seats.n_speaking; i++)
    {
      g_autoptr(ShmoozeView) view = NULL;

      if (i == self->own_seat)
        continue;
      view = shmooze_seats_view_lane (&self->seats, i, SHMOOZE_ACCESS_READ_WRITE, &self->broken[i]);
      if (view != NULL)
        self->others[i].reader = shmooze_reader_new_with_bell (view, shmooze_seat_at (self->own_seat),
                                                               self->wait == SHMOOZE_WAIT_BELL, &self->broken[i]);
      self->has_broken = self->has_broken || self->broken[i] != NULL;
    }
}

static gboolean
sit_down (ShmoozeRoom  *self,
          const char   *nick,
          ShmoozeWait   wait,
          GError      **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autofree char *chosen = NULL;

  if (!take_seat (self, error))
    return FALSE;

  chosen = choose_nick (self, nick);
  self->nick = g_ref_string_new (chosen);
  self->bell = shmooze_bell_make (shmooze_region_get_id (self->region), shmooze_seat_at (self->own_seat), &local_error);
  if (self->bell < 0 && wait == SHMOOZE_WAIT_BELL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  self->wait = self->bell < 0 || wait == SHMOOZE_WAIT_POLL ? SHMOOZE_WAIT_POLL : SHMOOZE_WAIT_BELL;
  attach_readers (self);
  shmooze_seats_take (&self->seats, self->own_seat, self->bell >= 0, self->nick);
  self->seated = TRUE;
  return TRUE;
}

/* A room with a seat in it, that does not listen yet: any thread can do this. */
static ShmoozeRoom *
take_place (const char   *region_name,
            const char   *nick,
            ShmoozeWait   wait,
            GError      **error)
{
  g_autoptr(ShmoozeRoom) self = g_object_new (SHMOOZE_TYPE_ROOM, NULL);
  gboolean seated;

  self->name = g_strdup (region_name);
  self->region = open_or_create (region_name, error);
  if (self->region == NULL || !shmooze_seats_attach (&self->seats, self->region, SHMOOZE_ACCESS_READ_WRITE, error))
    return NULL;

  self->others = g_new0 (ShmoozeRoomSeat, self->seats.n_seats);
  self->broken = g_new0 (GError *, self->seats.n_seats);
  for (guint i = 0; i < self->seats.n_seats; i++)
    self->others[i].bell = -1;
  self->quiet = G_MAXUINT64;
  self->own_seat = self->seats.n_seats;  /* none yet */
  if (!start_joining (self, error))
    return NULL;
  seated = sit_down (self, nick, wait, error);
  shmooze_region_unlock (self->region, 0);
  if (!seated)
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * shmooze_room_join: (constructor)
 * @region_name: the name of the region; it is made a room when it is new
 * @nick: the nickname to be known by
 * @wait: how to wait for others
 * @error: return location for an error
 *
 * Joins a room. When somebody there has the nickname, a number is put behind
 * it. When all seats are taken one can still watch: see
 * [method@Room.is_watching].
 *
 * Takes some milliseconds when the room is new, and up to a second when
 * somebody was stopped while joining: a window calls [func@Room.join_async].
 *
 * Fails with %SHMOOZE_ERROR_LAYOUT when the region is no room,
 * %SHMOOZE_ERROR_NO_SEAT when not even a watching place is free,
 * %G_IO_ERROR_BUSY when somebody else does not get done with joining, and the
 * errors of [ctor@Region.create_or_open].
 *
 * Returns: (transfer full): the room
 *
 * Since: 1.0
 */
ShmoozeRoom *
shmooze_room_join (const char   *region_name,
                   const char   *nick,
                   ShmoozeWait   wait,
                   GError      **error)
{
  ShmoozeRoom *self;

  g_return_val_if_fail (region_name != NULL, NULL);
  g_return_val_if_fail (nick != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = take_place (region_name, nick, wait, error);
  if (self != NULL)
    shmooze_room_start_listening (self, g_main_context_get_thread_default ());
  return self;
}

/* What goes from thread to thread. The mutex is for those who watch over threads: what GLib does to hand over a
 * task they do not see. */
typedef struct
{
  pthread_mutex_t mutex;
  char           *region_name;
  char           *nick;
  ShmoozeWait     wait;
  ShmoozeRoom    *room;
} Joining;

static Joining *
joining_new (const char *region_name,
             const char *nick,
             ShmoozeWait wait)
{
  Joining *self = g_new0 (Joining, 1);

  pthread_mutex_init (&self->mutex, NULL);
  pthread_mutex_lock (&self->mutex);
  self->region_name = g_strdup (region_name);
  self->nick = g_strdup (nick);
  self->wait = wait;
  pthread_mutex_unlock (&self->mutex);
  return self;
}

static gboolean
joining_do (Joining  *self,
            GError  **error)
{
  gboolean done;

  pthread_mutex_lock (&self->mutex);
  self->room = take_place (self->region_name, self->nick, self->wait, error);
  done = self->room != NULL;
  pthread_mutex_unlock (&self->mutex);
  return done;
}

static ShmoozeRoom *
joining_take (Joining *self)
{
  ShmoozeRoom *room;

  pthread_mutex_lock (&self->mutex);
  room = g_steal_pointer (&self->room);
  pthread_mutex_unlock (&self->mutex);
  return room;
}

static void
joining_free (gpointer data)
{
  Joining *self = data;
  ShmoozeRoom *room = joining_take (self);

  g_clear_object (&room);  /* nobody wanted it */
  pthread_mutex_destroy (&self->mutex);
  g_free (self->region_name);
  g_free (self->nick);
  g_free (self);
}

static void
join_in_thread (GTask        *task,
                gpointer      source_object,
                gpointer      task_data,
                GCancellable *cancellable)
{
  GError *error = NULL;

  if (joining_do (task_data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * shmooze_room_join_async:
 * @region_name: the name of the region; it is made a room when it is new
 * @nick: the nickname to be known by
 * @wait: how to wait for others
 * @cancellable: (nullable): what ends the joining early
 * @callback: (scope async) (closure user_data): what to call when it is done
 * @user_data: what to hand to @callback
 *
 * Joins a room as [ctor@Room.join] does, in a thread, so that nothing waits
 * for it. The room then belongs to the thread of this call, and to its
 * thread-default main context.
 *
 * Since: 1.0
 */
void
shmooze_room_join_async (const char          *region_name,
                         const char          *nick,
                         ShmoozeWait          wait,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (region_name != NULL);
  g_return_if_fail (nick != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, shmooze_room_join_async);
  g_task_set_name (task, "shmooze_room_join_async");
  g_task_set_task_data (task, joining_new (region_name, nick, wait), joining_free);
  g_task_run_in_thread (task, join_in_thread);
}

/**
 * shmooze_room_join_finish: (constructor)
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [func@Room.join_async]. A room that nobody asks for here is left
 * again.
 *
 * Fails like [ctor@Room.join], and with %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the room
 *
 * Since: 1.0
 */
ShmoozeRoom *
shmooze_room_join_finish (GAsyncResult  *result,
                          GError       **error)
{
  GTask *task = G_TASK (result);
  ShmoozeRoom *self;

  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, shmooze_room_join_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!g_task_propagate_boolean (task, error))
    return NULL;

  self = joining_take (g_task_get_task_data (task));
  shmooze_room_start_listening (self, g_task_get_context (task));
  return self;
}
