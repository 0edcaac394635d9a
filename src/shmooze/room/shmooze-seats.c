/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-seats-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_MAGIC G_GUINT64_CONSTANT (0x314d4f4f525a4853)  /* "SHZROOM1" in memory; another byte order reads another number */
#define ROOM_VERSION 1

#define SPEAKING_SEATS 8
#define WATCHING_SEATS 8
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

/* A seat behind its word. All in words, because they are written while others read. */
typedef struct
{
  ShmoozeWord word;
  ShmoozeWord since;
  ShmoozeWord nick[NICK_WORDS];  /* ends with a NUL unless it fills the room */
} Seat;

static gsize
whole_pages (gsize size)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);

  return (size + page - 1) / page * page;
}

static void
measure (ShmoozeSeats *self)
{
  self->lanes_at = whole_pages (shmooze_seat_at (self->n_seats));
  self->lane_size = whole_pages (shmooze_lane_size_for (self->n_seats, self->draft_size, self->queue_size));
}

static void
format (gpointer data,
        gpointer user_data)
{
  const ShmoozeSeats *sizes = user_data;
  Header *header = data;
  ShmoozeLane lane = { 0 };

  header->magic = ROOM_MAGIC;
  header->version = ROOM_VERSION;
  header->page_size = (guint32) sysconf (_SC_PAGESIZE);
  header->n_speaking = sizes->n_speaking;
  header->n_seats = sizes->n_seats;
  header->draft_size = sizes->draft_size;
  header->queue_size = sizes->queue_size;
  shmooze_lane_measure (&lane, sizes->n_seats, sizes->draft_size, sizes->lane_size);
  for (guint i = 0; i < sizes->n_speaking; i++)
    shmooze_lane_format ((char *) data + sizes->lanes_at + i * sizes->lane_size, &lane);
}

/* Creates a region that is a room before it has its name. */
ShmoozeRegion *
shmooze_seats_create_room (const char  *name,
                           GError     **error)
{
  ShmoozeSeats sizes = {
    .n_speaking = SPEAKING_SEATS,
    .n_seats = SPEAKING_SEATS + WATCHING_SEATS,
    .draft_size = DRAFT_SIZE,
    .queue_size = QUEUE_SIZE
  };

  ShmoozeBirth birth = { .fill = format, .user_data = &sizes };

  measure (&sizes);
  birth.capacity = sizes.lanes_at + sizes.n_speaking * sizes.lane_size;
  return shmooze_region_create_in (NULL, name, &birth, error);
}

gboolean
shmooze_seats_attach (ShmoozeSeats   *self,
                      ShmoozeRegion  *region,
                      ShmoozeAccess   access,
                      GError        **error)
{
  guint64 capacity = shmooze_region_get_capacity (region);
  g_autoptr(ShmoozeView) view = NULL;
  Header header = { 0 };

  if (capacity >= sizeof header)
    {
      g_autoptr(ShmoozeView) first = shmooze_region_create_view (region, 0, sizeof header, access, error);

      if (first == NULL)
        return FALSE;
      memcpy (&header, shmooze_view_get_data (first), sizeof header);
    }

  self->n_speaking = header.n_speaking;
  self->n_seats = header.n_seats;
  self->draft_size = header.draft_size;
  self->queue_size = header.queue_size;
  if (header.magic == ROOM_MAGIC && header.version == ROOM_VERSION &&
      header.page_size == (guint32) sysconf (_SC_PAGESIZE) &&
      self->n_speaking >= 1 && self->n_speaking <= self->n_seats && self->n_seats <= SEATS_MAX &&
      self->draft_size > 0 && self->draft_size <= capacity &&
      self->queue_size >= SHMOOZE_LANE_QUEUE_MIN && self->queue_size <= capacity)
    {
      measure (self);
      if (self->lanes_at + self->n_speaking * self->lane_size == capacity)
        {
          view = shmooze_region_create_view (region, 0, self->lanes_at, access, error);
          if (view == NULL)
            return FALSE;
          self->base = shmooze_view_get_data (view);
          self->view = g_steal_pointer (&view);
          return TRUE;
        }
    }
  if (shmooze_region_check (region, error))
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                 _("“%s” exists but is not a chat room; choose another name"),
                 shmooze_region_get_label (region));
  return FALSE;
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

/* Makes a stranger's short text fit to be shown on one line: valid, and without control characters. */
char *
shmooze_seats_legible (const char *text,
                       gsize       length)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) length);
  GString *legible = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (legible, g_unichar_iscntrl (c) ? ' ' : c);
    }
  return g_strstrip (g_string_free (legible, FALSE));
}

/* Reads a seat. FALSE: somebody is just coming or leaving; their bell will ring. */
gboolean
shmooze_seats_read (const ShmoozeSeats  *self,
                    guint                seat,
                    guint64             *word,
                    gint64              *since,
                    char               **nick)
{
  Seat *there = (gpointer) (self->base + shmooze_seat_at (seat));
  guint64 copy[NICK_WORDS];

  *word = atomic_load_explicit (&there->word, memory_order_acquire);
  *since = (gint64) atomic_load_explicit (&there->since, memory_order_acquire);
  for (guint i = 0; i < NICK_WORDS; i++)
    copy[i] = atomic_load_explicit (&there->nick[i], memory_order_acquire);
  if (atomic_load_explicit (&there->word, memory_order_relaxed) != *word)
    return FALSE;

  *nick = shmooze_seats_legible ((const char *) copy, strnlen ((const char *) copy, sizeof copy));
  return TRUE;
}

/* The caller holds the seat's lock. */
void
shmooze_seats_take (const ShmoozeSeats *self,
                    guint               seat,
                    gboolean            has_bell,
                    const char         *nick)
{
  Seat *there = (gpointer) (self->base + shmooze_seat_at (seat));
  guint64 copy[NICK_WORDS] = { 0 };
  guint64 former = atomic_load (&there->word);
  guint64 word = (former & ~(SHMOOZE_SEAT_WORD_NEXT - 1)) + SHMOOZE_SEAT_WORD_NEXT;

  if (former & SHMOOZE_SEAT_WORD_TAKEN)
    word |= SHMOOZE_SEAT_WORD_AFTER_CRASH;
  /* Nobody reads a nick under a word of nobody. */
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
