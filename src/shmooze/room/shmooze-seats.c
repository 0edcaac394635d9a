/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-seats-private.h"

#include "os/shmooze-memory-private.h"
#include "room/shmooze-display-line-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define ROOM_MAGIC G_GUINT64_CONSTANT (0x314d4f4f525a4853)  /* "SHZROOM1" in little-endian memory */

#define SPEAKING_SEATS 8
#define OBSERVER_SEATS 8
#define SEATS_MAX 64
#define DRAFT_SIZE (64 * 1024)
#define QUEUE_SIZE (256 * 1024)

typedef struct
{
  guint64 magic;
  guint32 version;
  guint32 page_size;
  guint32 n_speaking;
  guint32 n_seats;
  guint64 draft_size;
  guint64 queue_size;
} Header;

#define NICK_WORDS (SHMOOZE_NICK_MAX / sizeof (guint64))

/* A seat consists of atomic words only, because other processes read it while it is written. */
typedef struct
{
  ShmoozeWord word;
  ShmoozeWord since;
  ShmoozeWord nick[NICK_WORDS];  /* NUL-terminated, unless it fills the array */
} Seat;

static void
measure (ShmoozeSeats *self)
{
  self->lanes_at = shmooze_whole_pages (shmooze_seat_offset (self->n_seats));
  self->lane_size = shmooze_whole_pages (shmooze_lane_size_for (self->n_seats, self->draft_size, self->queue_size));
}

static void
format (gpointer data,
        gpointer user_data)
{
  const ShmoozeSeats *sizes = user_data;
  Header *header = data;
  ShmoozeLane lane = { 0 };

  header->magic = ROOM_MAGIC;
  header->version = SHMOOZE_ROOM_VERSION;
  header->page_size = (guint32) shmooze_page_size ();
  header->n_speaking = sizes->n_speaking;
  header->n_seats = sizes->n_seats;
  header->draft_size = sizes->draft_size;
  header->queue_size = sizes->queue_size;
  shmooze_lane_measure (&lane, sizes->n_seats, sizes->draft_size, sizes->lane_size);
  for (guint i = 0; i < sizes->n_speaking; i++)
    shmooze_lane_format ((char *) data + sizes->lanes_at + i * sizes->lane_size, &lane);
}

/* Opens the region @name, or creates it. A new region is formatted as a room before its name becomes visible to other
 * processes. */
ShmoozeRegion *
shmooze_seats_create_or_open_room (const char  *name,
                                   GError     **error)
{
  ShmoozeSeats sizes = {
    .n_speaking = SPEAKING_SEATS,
    .n_seats = SPEAKING_SEATS + OBSERVER_SEATS,
    .draft_size = DRAFT_SIZE,
    .queue_size = QUEUE_SIZE
  };
  ShmoozeBackingSpec spec = { .access = SHMOOZE_ACCESS_READ_WRITE, .fill = format, .user_data = &sizes };

  measure (&sizes);
  spec.capacity = sizes.lanes_at + sizes.n_speaking * sizes.lane_size;
  return shmooze_region_create_or_open_in (NULL, name, &spec, NULL, error);
}

/* Reads the sizes from the header. Returns FALSE if it is not the header of a room in a region of @capacity bytes. */
static gboolean
read_sizes (ShmoozeSeats *self,
            const Header *header,
            guint64       capacity)
{
  self->n_speaking = header->n_speaking;
  self->n_seats = header->n_seats;
  self->draft_size = header->draft_size;
  self->queue_size = header->queue_size;
  if (header->magic != ROOM_MAGIC || header->version != SHMOOZE_ROOM_VERSION ||
      header->page_size != (guint32) shmooze_page_size () ||
      self->n_speaking < 1 || self->n_speaking > self->n_seats || self->n_seats > SEATS_MAX ||
      self->draft_size < 1 || self->draft_size > capacity ||
      self->queue_size < SHMOOZE_LANE_QUEUE_MIN || self->queue_size > capacity)
    return FALSE;

  measure (self);
  return self->lanes_at + self->n_speaking * self->lane_size == capacity;
}

gboolean
shmooze_seats_attach (ShmoozeSeats   *self,
                      ShmoozeRegion  *region,
                      ShmoozeAccess   access,
                      GError        **error)
{
  guint64 capacity = shmooze_region_get_capacity (region);
  ShmoozeSeats seats = { 0 };
  Header header = { 0 };

  if (capacity >= sizeof header)
    {
      g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, sizeof header, access, error);

      if (view == NULL)
        return FALSE;
      memcpy (&header, shmooze_view_get_data (view), sizeof header);
    }

  if (!read_sizes (&seats, &header, capacity))
    {
      if (shmooze_region_check (region, error))
        g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                     _("“%s” exists but is not a chat room; choose another name"), shmooze_region_get_label (region));
      return FALSE;
    }

  seats.view = shmooze_region_create_view (region, 0, seats.lanes_at, access, error);
  if (seats.view == NULL)
    return FALSE;
  seats.base = shmooze_view_get_data (seats.view);
  *self = seats;
  return TRUE;
}

void
shmooze_seats_clear (ShmoozeSeats *self)
{
  g_clear_object (&self->view);
  self->base = NULL;
}

ShmoozeView *
shmooze_seats_view_lane (const ShmoozeSeats  *self,
                         guint                seat,
                         ShmoozeAccess        access,
                         GError             **error)
{
  g_assert (seat < self->n_speaking);

  return shmooze_region_create_view (shmooze_view_get_region (self->view),
                                     self->lanes_at + seat * self->lane_size, self->lane_size, access, error);
}

/* Reads a seat. Returns FALSE if an occupant is taking or leaving the seat at this moment. The occupant rings the
 * doorbells afterwards, so that the seat is then read again. */
gboolean
shmooze_seats_read (const ShmoozeSeats  *self,
                    guint                seat,
                    guint64             *word,
                    gint64              *since,
                    char               **nick)
{
  Seat *there = (gpointer) (self->base + shmooze_seat_offset (seat));
  guint64 copy[NICK_WORDS];

  *word = atomic_load_explicit (&there->word, memory_order_acquire);
  *since = (gint64) atomic_load_explicit (&there->since, memory_order_acquire);
  for (guint i = 0; i < NICK_WORDS; i++)
    copy[i] = atomic_load_explicit (&there->nick[i], memory_order_acquire);
  if (atomic_load_explicit (&there->word, memory_order_relaxed) != *word)
    return FALSE;

  *nick = shmooze_display_line_new ((const char *) copy, strnlen ((const char *) copy, sizeof copy));
  return TRUE;
}

/* Records a new occupant in a seat. The caller holds the seat's lock. */
void
shmooze_seats_take (const ShmoozeSeats *self,
                    guint               seat,
                    gboolean            has_bell,
                    const char         *nick)
{
  Seat *there = (gpointer) (self->base + shmooze_seat_offset (seat));
  guint64 copy[NICK_WORDS] = { 0 };
  guint64 former = atomic_load (&there->word);
  guint64 word = (former & ~(SHMOOZE_SEAT_WORD_NEXT - 1)) + SHMOOZE_SEAT_WORD_NEXT;

  if (former & SHMOOZE_SEAT_WORD_TAKEN)
    word |= SHMOOZE_SEAT_WORD_AFTER_CRASH;
  /* The seat is not marked as taken yet, so that readers ignore the nick while it is written. */
  atomic_store (&there->word, word);

  memcpy (copy, nick, MIN (strlen (nick), sizeof copy));
  atomic_store_explicit (&there->since, (guint64) g_get_real_time (), memory_order_release);
  for (guint i = 0; i < NICK_WORDS; i++)
    atomic_store_explicit (&there->nick[i], copy[i], memory_order_release);
  atomic_store (&there->word, word | SHMOOZE_SEAT_WORD_TAKEN | (has_bell ? SHMOOZE_SEAT_WORD_BELL : 0));
}

void
shmooze_seats_leave (const ShmoozeSeats *self,
                     guint               seat)
{
  ShmoozeWord *word = shmooze_seat_word (self, seat);

  atomic_store (word, atomic_load (word) & ~(SHMOOZE_SEAT_WORD_NEXT - 1));
}
