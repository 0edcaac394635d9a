/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-room-private.h"

#include "lane/shmooze-reader-private.h"
#include "os/shmooze-bell-private.h"
#include "os/shmooze-deadline-private.h"
#include "room/shmooze-display-line-private.h"
#include "room/shmooze-message-private.h"

#include <glib/gi18n-lib.h>
#include <pthread.h>
#include <string.h>

/* Participants join one after the other, so that nicks are unique and seats are taken in order. It takes microseconds,
 * unless a process is stopped in the middle of it. */
static gboolean
start_joining (ShmoozeRoom  *self,
               GError      **error)
{
  ShmoozeDeadline deadline;

  shmooze_deadline_init (&deadline, G_USEC_PER_SEC, 200, 200);
  do
    if (shmooze_region_try_lock (self->region, 0))
      return TRUE;
  while (shmooze_deadline_sleep (&deadline));

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
               _("Another process has been joining “%s” for more than a second; try again"), self->name);
  return FALSE;
}

/* The user's first name, or the capitalized login name if the system does not know the real one. */
static char *
make_default_nick (void)
{
  g_autofree char *real_name = g_utf8_make_valid (g_get_real_name (), -1);
  g_autofree char *user_name = g_utf8_make_valid (g_get_user_name (), -1);
  char initial[7] = "";

  if (getuid () != 0 && strcmp (real_name, "Unknown") != 0)
    {
      g_auto(GStrv) words = g_strsplit_set (g_strstrip (real_name), " \t,", 2);

      if (words[0] != NULL && *words[0] != '\0')
        return g_strdup (words[0]);
    }
  if (*user_name == '\0')
    return g_strdup (_("Somebody"));

  g_unichar_to_utf8 (g_unichar_totitle (g_utf8_get_char (user_name)), initial);
  return g_strconcat (initial, g_utf8_next_char (user_name), NULL);
}

static gboolean
nick_is_used (ShmoozeRoom *self,
              const char  *nick)
{
  for (guint i = 0; i < self->seats.n_seats; i++)
    {
      g_autofree char *other = NULL;
      guint64 word;
      gint64 since;

      /* The own seat still has the nick of its previous occupant. */
      if (i != self->own_seat &&
          shmooze_seats_read (&self->seats, i, &word, &since, &other) &&
          (word & SHMOOZE_SEAT_WORD_TAKEN) && g_str_equal (other, nick) &&
          shmooze_region_is_locked (self->region, shmooze_seat_offset (i)))
        return TRUE;
    }
  return FALSE;
}

/* Makes the nick unique: “Ada”, “Ada 2”. */
static char *
choose_nick (ShmoozeRoom *self,
             const char  *wish)
{
  g_autofree char *standard = wish == NULL ? make_default_nick () : NULL;
  g_autofree char *base = wish == NULL ? shmooze_display_line_new (standard, strlen (standard))
                                       : shmooze_display_line_new (wish, strlen (wish));
  char *nick;

  /* Leave space for the number, and cut between characters. */
  if (strlen (base) > SHMOOZE_NICK_MAX - 4)
    *g_utf8_find_prev_char (base, base + SHMOOZE_NICK_MAX - 4) = '\0';

  nick = g_strdup (base);
  for (guint n = 2; nick_is_used (self, nick); n++)
    {
      g_free (nick);
      nick = g_strdup_printf ("%s %u", base, n);
    }
  return nick;
}

/* Becomes the writer of the seat's lane, and reads what previous occupants wrote. */
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
  if (history == NULL ||
      !shmooze_messages_read (self->messages, history, seat, G_MAXUINT, &self->others[seat].last_sender, error) ||
      !shmooze_writer_set_draft (self->writer, "", 0, error))
    {
      g_ptr_array_set_size (self->messages, 0);
      g_clear_object (&self->writer);
      return FALSE;
    }
  return TRUE;
}

static gboolean
take_seat_from (ShmoozeRoom *self,
                guint        first,
                guint        end,
                gboolean     crashed_too)
{
  for (guint i = first; i < end; i++)
    {
      if (!crashed_too && (atomic_load (shmooze_seat_word (&self->seats, i)) & SHMOOZE_SEAT_WORD_TAKEN))
        continue;
      if (!shmooze_region_try_lock (self->region, shmooze_seat_offset (i)))
        continue;
      if (i >= self->seats.n_speaking || take_lane (self, i, NULL))
        {
          self->own_seat = i;
          return TRUE;
        }
      shmooze_region_unlock (self->region, shmooze_seat_offset (i));
    }
  return FALSE;
}

/* Prefers seats whose previous occupant left, so that the drafts of crashed ones remain as long as possible. */
static gboolean
take_seat (ShmoozeRoom  *self,
           GError      **error)
{
  if (take_seat_from (self, 0, self->seats.n_speaking, FALSE) ||
      take_seat_from (self, 0, self->seats.n_speaking, TRUE) ||
      take_seat_from (self, self->seats.n_speaking, self->seats.n_seats, TRUE))
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
      ShmoozeRoomSeat *seat = &self->others[i];
      g_autoptr(ShmoozeView) view = NULL;

      if (i == self->own_seat)
        continue;
      view = shmooze_seats_view_lane (&self->seats, i, SHMOOZE_ACCESS_READ_WRITE, &seat->broken);
      if (view != NULL)
        seat->reader = shmooze_reader_new_with_bell (view, shmooze_seat_offset (self->own_seat), !self->polls,
                                                     &seat->broken);
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
  self->bell = shmooze_bell_make (shmooze_region_get_id (self->region), shmooze_seat_offset (self->own_seat),
                                  &local_error);
  if (self->bell < 0 && wait == SHMOOZE_WAIT_BELL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  self->polls = self->bell < 0 || wait == SHMOOZE_WAIT_POLL;
  attach_readers (self);
  shmooze_seats_take (&self->seats, self->own_seat, self->bell >= 0, self->nick);
  self->seated = TRUE;
  return TRUE;
}

/* Returns a room that has a seat, and whose source is not started yet. This can be done in any thread. */
static ShmoozeRoom *
join (const char   *region_name,
      const char   *nick,
      ShmoozeWait   wait,
      GError      **error)
{
  g_autoptr(ShmoozeRoom) self = g_object_new (SHMOOZE_TYPE_ROOM, NULL);
  gboolean seated;

  self->name = g_strdup (region_name);
  self->region = shmooze_seats_create_or_open_room (region_name, error);
  if (self->region == NULL || !shmooze_seats_attach (&self->seats, self->region, SHMOOZE_ACCESS_READ_WRITE, error))
    return NULL;

  self->others = g_new0 (ShmoozeRoomSeat, self->seats.n_seats);
  for (guint i = 0; i < self->seats.n_seats; i++)
    self->others[i].bell = -1;
  self->silent = G_MAXUINT64;
  self->own_seat = self->seats.n_seats;
  if (!start_joining (self, error))
    return NULL;
  seated = sit_down (self, nick, wait, error);
  shmooze_region_unlock (self->region, 0);
  return seated ? g_steal_pointer (&self) : NULL;
}

/**
 * shmooze_room_join: (constructor)
 * @region_name: the name of the region; if it is new, it becomes a room
 * @nick: (nullable): the nickname that the peers will see, or %NULL for the
 *   user's first name
 * @wait: how to wait for the peers
 * @error: return location for an error
 *
 * Joins a room.
 *
 * If a peer has the same nickname, a number is appended to @nick. If all seats
 * with a lane are taken, the room can still be watched: see
 * [method@Room.is_watching].
 *
 * This takes some milliseconds if the room is new, and up to a second if
 * another process was stopped while it was joining. Use
 * [func@Room.join_async] where that matters.
 *
 * Fails with %SHMOOZE_ERROR_LAYOUT if the region is not a room,
 * %SHMOOZE_ERROR_NO_SEAT if all seats are taken, %G_IO_ERROR_BUSY if another
 * process does not finish joining, and the errors of
 * [ctor@Region.create_or_open].
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
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = join (region_name, nick, wait, error);
  if (self != NULL)
    shmooze_room_source_start (self, g_main_context_get_thread_default ());
  return self;
}

/* What is passed from thread to thread. GTask passes it safely; the mutex shows that to ThreadSanitizer, which cannot
 * see into GLib. */
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

  g_clear_object (&room);  /* shmooze_room_join_finish() was not called */
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
  Joining *joining = task_data;
  GError *error = NULL;

  pthread_mutex_lock (&joining->mutex);
  joining->room = join (joining->region_name, joining->nick, joining->wait, &error);
  pthread_mutex_unlock (&joining->mutex);
  if (error == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * shmooze_room_join_async:
 * @region_name: the name of the region; if it is new, it becomes a room
 * @nick: (nullable): the nickname that the peers will see, or %NULL for the
 *   user's first name
 * @wait: how to wait for the peers
 * @cancellable: (nullable): cancels the operation
 * @callback: (scope async) (closure user_data): called when the room is
 *   joined, or joining has failed
 * @user_data: passed to @callback
 *
 * Joins a room like [ctor@Room.join], without blocking.
 *
 * The room belongs to the thread that calls this function, and to its
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
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, shmooze_room_join_async);
  g_task_set_name (task, "shmooze_room_join_async");
  g_task_set_task_data (task, joining_new (region_name, nick, wait), joining_free);
  g_task_run_in_thread (task, join_in_thread);
}

/**
 * shmooze_room_join_finish: (constructor)
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Room.join_async]. If this function is not called, the room is
 * left again.
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
  shmooze_room_source_start (self, g_task_get_context (task));
  return self;
}
