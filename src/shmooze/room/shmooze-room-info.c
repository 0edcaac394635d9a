/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-room-info.h"

#include "room/shmooze-seats-private.h"

#include <glib/gi18n-lib.h>

G_DEFINE_BOXED_TYPE (ShmoozeRoomInfo, shmooze_room_info, shmooze_room_info_copy, shmooze_room_info_free)

static void
inspect_lane (ShmoozeSeatInfo    *info,
              const ShmoozeSeats *seats,
              guint               seat)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeView) view = shmooze_seats_view_lane (seats, seat, SHMOOZE_ACCESS_READ, &error);
  ShmoozeLane lane = { 0 };
  g_autofree char *draft = NULL;
  guint64 start, end, sequence;
  gsize length;

  if (view != NULL && shmooze_lane_attach (&lane, view, &error))
    {
      for (guint i = 0; i < lane.n_readers; i++)
        if (atomic_load (shmooze_lane_word (&lane, shmooze_lane_reader_at (i))) != SHMOOZE_POSITION_NONE)
          info->n_readers++;
      /* No reader is attached, so the writer can remove frames at any time, and an intact lane can seem broken. */
      for (guint i = 0; i < 10; i++)
        {
          g_clear_error (&error);
          if (shmooze_lane_walk (&lane, &start, &end, &info->n_frames, &error))
            break;
        }
      info->n_bytes = end - start;
      draft = shmooze_lane_copy_draft (&lane, &sequence, &length, error == NULL ? &error : NULL);
      if (draft != NULL)
        info->draft = g_utf8_make_valid (draft, (gssize) length);
      shmooze_lane_clear (&lane);
    }
  if (error != NULL)
    info->problem = g_strdup (error->message);
}

/**
 * shmooze_room_info_new: (constructor)
 * @region_name: the name of a region
 * @error: return location for an error
 *
 * Inspects a room without joining it. The participants do not notice.
 *
 * Fails with %SHMOOZE_ERROR_LAYOUT if the region is not a room, and like
 * [ctor@Region.open].
 *
 * Returns: (transfer full): the contents of the room
 *
 * Since: 1.0
 */
ShmoozeRoomInfo *
shmooze_room_info_new (const char  *region_name,
                       GError     **error)
{
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeRoomInfo) self = NULL;
  ShmoozeSeats seats = { 0 };

  g_return_val_if_fail (region_name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  region = shmooze_region_open (region_name, SHMOOZE_ACCESS_READ, error);
  if (region == NULL || !shmooze_seats_attach (&seats, region, SHMOOZE_ACCESS_READ, error))
    return NULL;

  self = g_new0 (ShmoozeRoomInfo, 1);
  self->name = g_strdup (region_name);
  self->path = g_strdup (shmooze_region_get_path (region));
  self->capacity = shmooze_region_get_capacity (region);
  self->version = SHMOOZE_ROOM_VERSION;
  self->queue_size = seats.queue_size;
  self->draft_size = seats.draft_size;
  self->n_messages = atomic_load (shmooze_seats_numbers (&seats));
  self->id = shmooze_id_to_hex (shmooze_region_get_id (region));

  self->n_seats = seats.n_seats;
  self->seats = g_new0 (ShmoozeSeatInfo, seats.n_seats);
  for (guint i = 0; i < seats.n_seats; i++)
    {
      ShmoozeSeatInfo *info = &self->seats[i];
      g_autofree char *nick = NULL;
      guint64 word;

      info->watching = i >= seats.n_speaking;
      if (shmooze_seats_read (&seats, i, &word, &info->since, &nick) && (word & SHMOOZE_SEAT_WORD_TAKEN))
        {
          info->nick = g_steal_pointer (&nick);
          info->state = shmooze_region_is_locked (region, shmooze_seat_offset (i)) ? SHMOOZE_SEAT_TAKEN
                                                                                   : SHMOOZE_SEAT_CRASHED;
        }
      if (!info->watching)
        inspect_lane (info, &seats, i);
    }
  shmooze_seats_clear (&seats);
  return g_steal_pointer (&self);
}

/**
 * shmooze_room_info_copy:
 * @self: the contents of a room
 *
 * Copies @self.
 *
 * Returns: (transfer full): the copy
 *
 * Since: 1.0
 */
ShmoozeRoomInfo *
shmooze_room_info_copy (const ShmoozeRoomInfo *self)
{
  ShmoozeRoomInfo *copy = g_memdup2 (self, sizeof *self);

  copy->name = g_strdup (self->name);
  copy->path = g_strdup (self->path);
  copy->id = g_strdup (self->id);
  copy->seats = g_memdup2 (self->seats, self->n_seats * sizeof *self->seats);
  for (guint i = 0; i < copy->n_seats; i++)
    {
      copy->seats[i].nick = g_strdup (self->seats[i].nick);
      copy->seats[i].draft = g_strdup (self->seats[i].draft);
      copy->seats[i].problem = g_strdup (self->seats[i].problem);
    }
  return copy;
}

/**
 * shmooze_room_info_free:
 * @self: (transfer full): the contents of a room
 *
 * Frees @self.
 *
 * Since: 1.0
 */
void
shmooze_room_info_free (ShmoozeRoomInfo *self)
{
  for (guint i = 0; i < self->n_seats; i++)
    {
      g_free (self->seats[i].nick);
      g_free (self->seats[i].draft);
      g_free (self->seats[i].problem);
    }
  g_free (self->seats);
  g_free (self->name);
  g_free (self->path);
  g_free (self->id);
  g_free (self);
}
