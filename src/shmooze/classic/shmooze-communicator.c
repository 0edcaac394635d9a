/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This file has more than 800 lines because the communicator is one object whose every call shares the same state: the
 * source that polls, the two positions and the queue. The slot and the queue are in files of their own; about half of
 * this one documents the public API. */

#include "config.h"
#include "shmooze-communicator.h"

#include "classic/shmooze-layout-private.h"
#include "classic/shmooze-slot-private.h"
#include "classic/shmooze-slot-queue-private.h"
#include "os/shmooze-bell-private.h"
#include "region/shmooze-poll-private.h"
#include "region/shmooze-region-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

/**
 * ShmoozeCommunicator:
 *
 * Messages between two processes, in the memory layout of the original .NET
 * communicator.
 *
 * A region contains two slots, one for each direction: what one side reads,
 * the other side writes. A program that was written for the original can be
 * on the other side.
 *
 * A slot at position P contains one message at a time: the byte at P says
 * that a message is available, the byte at P + 1 is set by the reader to
 * confirm it, its length (a little-endian `int32`) is at P + 2, and the
 * message begins at P + 12.
 *
 * Writing never blocks: messages are queued in the object until the peer has
 * confirmed those before them. The layout has no means to wake the peer, so
 * the region is polled: every millisecond while messages pass, slowing down
 * to four times a second. Two peers that use this library also wake each
 * other through a FIFO beside the region.
 *
 * All methods must be called from the thread that created the object, and
 * signals are emitted in the main context that was the thread default then.
 *
 * Since: 1.0
 */

struct _ShmoozeCommunicator
{
  GObject           parent_instance;

  ShmoozeLayout     layout;
  GMainContext     *context;
  gint64            read_position;
  gint64            write_position;
  gboolean          reading;
  gboolean          failing;
  gboolean          peer_present;
  ShmoozeSlotQueue *queue;
  guint             n_notified;   /* the value of n-unconfirmed that was notified last */
  GSource          *source;       /* polls the region; NULL: not needed yet, or not any more */
  ShmoozeRinger     ringer;       /* the peer's bell */
};

G_DEFINE_FINAL_TYPE (ShmoozeCommunicator, shmooze_communicator, G_TYPE_OBJECT)

typedef enum
{
  PROP_NAME = 1,
  PROP_CAPACITY,
  PROP_READ_POSITION,
  PROP_WRITE_POSITION,
  PROP_PEER_PRESENT,
  PROP_N_UNCONFIRMED
} Property;

static GParamSpec *properties[PROP_N_UNCONFIRMED + 1];

enum
{
  SIGNAL_DATA_RECEIVED,
  SIGNAL_FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
shmooze_communicator_dispose (GObject *object)
{
  shmooze_communicator_close (SHMOOZE_COMMUNICATOR (object));

  G_OBJECT_CLASS (shmooze_communicator_parent_class)->dispose (object);
}

static void
shmooze_communicator_finalize (GObject *object)
{
  ShmoozeCommunicator *self = SHMOOZE_COMMUNICATOR (object);

  shmooze_slot_queue_free (self->queue);
  shmooze_layout_clear (&self->layout);
  g_main_context_unref (self->context);

  G_OBJECT_CLASS (shmooze_communicator_parent_class)->finalize (object);
}

static void
shmooze_communicator_get_property (GObject    *object,
                                   guint       id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  ShmoozeCommunicator *self = SHMOOZE_COMMUNICATOR (object);

  switch ((Property) id)
    {
    case PROP_NAME:
      g_value_set_string (value, shmooze_region_get_name (self->layout.region));
      break;
    case PROP_CAPACITY:
      g_value_set_uint64 (value, shmooze_region_get_capacity (self->layout.region));
      break;
    case PROP_READ_POSITION:
      g_value_set_int64 (value, self->read_position);
      break;
    case PROP_WRITE_POSITION:
      g_value_set_int64 (value, self->write_position);
      break;
    case PROP_PEER_PRESENT:
      g_value_set_boolean (value, self->peer_present);
      break;
    case PROP_N_UNCONFIRMED:
      g_value_set_uint (value, shmooze_slot_queue_get_n (self->queue));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
shmooze_communicator_set_property (GObject      *object,
                                   guint         id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  ShmoozeCommunicator *self = SHMOOZE_COMMUNICATOR (object);
  g_autoptr(GError) error = NULL;

  switch ((Property) id)
    {
    case PROP_READ_POSITION:
      shmooze_communicator_set_read_position (self, g_value_get_int64 (value), &error);
      break;
    case PROP_WRITE_POSITION:
      shmooze_communicator_set_write_position (self, g_value_get_int64 (value), &error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
  if (error != NULL)
    g_warning ("%s", error->message);
}

static void
shmooze_communicator_class_init (ShmoozeCommunicatorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = shmooze_communicator_dispose;
  object_class->finalize = shmooze_communicator_finalize;
  object_class->get_property = shmooze_communicator_get_property;
  object_class->set_property = shmooze_communicator_set_property;

  /**
   * ShmoozeCommunicator:name:
   *
   * The region's name.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, readable);
  /**
   * ShmoozeCommunicator:capacity:
   *
   * The region's size in bytes.
   *
   * Since: 1.0
   */
  properties[PROP_CAPACITY] = g_param_spec_uint64 ("capacity", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ShmoozeCommunicator:read-position:
   *
   * The position in bytes of the slot to read, or -1 if it has not been set.
   *
   * Setting an invalid position logs a warning and changes nothing; use
   * [method@Communicator.set_read_position] to handle the error.
   *
   * Since: 1.0
   */
  properties[PROP_READ_POSITION] = g_param_spec_int64 ("read-position", NULL, NULL, -1, G_MAXINT64, -1, writable);
  /**
   * ShmoozeCommunicator:write-position:
   *
   * The position in bytes of the slot to write, or -1 if it has not been set.
   *
   * Setting an invalid position logs a warning and changes nothing; use
   * [method@Communicator.set_write_position] to handle the error.
   *
   * Since: 1.0
   */
  properties[PROP_WRITE_POSITION] = g_param_spec_int64 ("write-position", NULL, NULL, -1, G_MAXINT64, -1, writable);
  /**
   * ShmoozeCommunicator:peer-present:
   *
   * Whether a peer that uses this library reads the slot that this object
   * writes. Other programs cannot be detected; only their confirmations show
   * that they are running.
   *
   * Since: 1.0
   */
  properties[PROP_PEER_PRESENT] = g_param_spec_boolean ("peer-present", NULL, NULL, FALSE, readable);
  /**
   * ShmoozeCommunicator:n-unconfirmed:
   *
   * The number of messages that the peer has not confirmed yet.
   *
   * Since: 1.0
   */
  properties[PROP_N_UNCONFIRMED] = g_param_spec_uint ("n-unconfirmed", NULL, NULL, 0, G_MAXUINT, 0, readable);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * ShmoozeCommunicator::data-received:
   * @self: the communicator
   * @data: the message
   *
   * Emitted for each message, between [method@Communicator.start_reader] and
   * [method@Communicator.stop_reader]. The message has been confirmed to the
   * peer by then.
   *
   * Since: 1.0
   */
  signals[SIGNAL_DATA_RECEIVED] = g_signal_new ("data-received", SHMOOZE_TYPE_COMMUNICATOR, G_SIGNAL_RUN_LAST, 0,
                                                NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BYTES);
  /**
   * ShmoozeCommunicator::failed:
   * @self: the communicator
   * @error: what is wrong
   *
   * Emitted once for each failure.
   *
   * With %SHMOOZE_ERROR_CORRUPT the slot to read breaks the rules of its
   * layout; it is left as it is, and reading goes on when the peer has
   * repaired it. With %SHMOOZE_ERROR_LOST the region is lost.
   *
   * Since: 1.0
   */
  signals[SIGNAL_FAILED] = g_signal_new ("failed", SHMOOZE_TYPE_COMMUNICATOR, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
shmooze_communicator_init (ShmoozeCommunicator *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->read_position = self->write_position = -1;
  self->queue = shmooze_slot_queue_new ();
}

/**
 * shmooze_communicator_new:
 * @name: the region's name; that of the original is
 *   %SHMOOZE_COMMUNICATOR_NAME
 * @capacity: the size in bytes for a new region; that of the original is
 *   %SHMOOZE_COMMUNICATOR_CAPACITY
 * @error: return location for an error
 *
 * Opens or creates a region to exchange messages in.
 *
 * Next, set the positions: both with [method@Communicator.take_positions], or
 * each with its own method.
 *
 * Fails like [ctor@Region.create_or_open].
 *
 * Returns: (transfer full): the communicator
 *
 * Since: 1.0
 */
ShmoozeCommunicator *
shmooze_communicator_new (const char  *name,
                          guint64      capacity,
                          GError     **error)
{
  g_autoptr(ShmoozeCommunicator) self = NULL;
  ShmoozeRegion *region;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (SHMOOZE_TYPE_COMMUNICATOR, NULL);
  region = shmooze_region_create_or_open (name, capacity, SHMOOZE_ACCESS_READ_WRITE, NULL, error);
  if (!shmooze_layout_map (&self->layout, region, 0, SHMOOZE_ACCESS_READ_WRITE, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * shmooze_communicator_get_name:
 * @self: a communicator
 *
 * Gets the region's name.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
shmooze_communicator_get_name (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), NULL);

  return shmooze_region_get_name (self->layout.region);
}

/**
 * shmooze_communicator_get_capacity:
 * @self: a communicator
 *
 * Gets the size of the region. If the region existed before, this may differ
 * from the size that [ctor@Communicator.new] was called with.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint64
shmooze_communicator_get_capacity (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), 0);

  return shmooze_region_get_capacity (self->layout.region);
}

static gboolean
check_open (ShmoozeCommunicator  *self,
            GError              **error)
{
  return shmooze_view_begin_writing (self->layout.view, error) && shmooze_view_end (self->layout.view, error);
}

/* @other: the position of the other slot, or -1 */
static gboolean
check_position (ShmoozeCommunicator  *self,
                gint64                position,
                gint64                other,
                GError              **error)
{
  guint64 capacity = shmooze_region_get_capacity (self->layout.region);

  if (position < 0 || capacity < SHMOOZE_SLOT_MIN || (guint64) position > capacity - SHMOOZE_SLOT_MIN)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("Invalid position %" PRId64 ": a slot of %d bytes there does not fit into region “%s” of %"
                     PRIu64 " bytes"),
                   position, SHMOOZE_SLOT_MIN, shmooze_region_get_name (self->layout.region), capacity);
      return FALSE;
    }
  if (other >= 0 && ABS (position - other) < SHMOOZE_SLOT_MIN)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("Slots at %" PRId64 " and %" PRId64 " overlap; they must be at least %d bytes apart"),
                   position, other, SHMOOZE_SLOT_MIN);
      return FALSE;
    }
  return TRUE;
}

static void
update_peer_present (ShmoozeCommunicator *self)
{
  guint64 lock = (guint64) self->write_position + SHMOOZE_SLOT_READER_LOCK;
  gboolean present = self->write_position >= 0 && shmooze_region_is_locked (self->layout.region, lock);

  if (present == self->peer_present)
    return;
  self->peer_present = present;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PEER_PRESENT]);
}

/* Wakes a peer that uses this library. */
static void
ring (ShmoozeCommunicator *self)
{
  if (self->peer_present)
    shmooze_ringer_ring (&self->ringer, shmooze_region_get_id (self->layout.region), (guint64) self->write_position);
}

static void
update_n_unconfirmed (ShmoozeCommunicator *self)
{
  guint n = shmooze_slot_queue_get_n (self->queue);

  if (n == self->n_notified)
    return;
  self->n_notified = n;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_UNCONFIRMED]);
}

static void
fail_queue (ShmoozeCommunicator *self,
            const GError        *error)
{
  shmooze_slot_queue_fail (self->queue, error);
  update_n_unconfirmed (self);
}

/* Returns whether anything was sent or confirmed. */
static gboolean
send_queue (ShmoozeCommunicator *self)
{
  gboolean moved = shmooze_slot_queue_send (self->queue, self->layout.view, self->write_position);

  if (moved)
    ring (self);
  update_n_unconfirmed (self);
  return moved;
}

static void
fail (ShmoozeCommunicator *self,
      GError              *error)
{
  if (!self->failing)
    {
      self->failing = TRUE;
      g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
    }
}

static gboolean
read_one (ShmoozeCommunicator *self)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) data = NULL;

  data = shmooze_slot_take (self->layout.view, self->read_position,
                            shmooze_slot_room (self->layout.view, self->read_position, self->write_position), &error);
  if (error != NULL)
    fail (self, error);
  else
    self->failing = FALSE;
  if (data == NULL)
    return FALSE;
  ring (self);
  g_signal_emit (self, signals[SIGNAL_DATA_RECEIVED], 0, data);
  return TRUE;
}

static void
stop_polling (ShmoozeCommunicator *self)
{
  if (self->source == NULL)
    return;
  shmooze_poll_source_remove_bell (self->source);
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static gboolean
on_poll (gpointer user_data)
{
  g_autoptr(ShmoozeCommunicator) self = g_object_ref (user_data);
  g_autoptr(GError) error = NULL;
  gboolean moved;

  if (!check_open (self, &error))
    {
      stop_polling (self);
      fail_queue (self, error);
      self->failing = FALSE;  /* a corrupt slot may have been reported, which is another failure */
      fail (self, error);
      return FALSE;
    }

  moved = send_queue (self);
  if (self->reading && read_one (self))
    moved = TRUE;
  /* A handler may have closed the communicator. */
  if (self->source == NULL)
    return FALSE;
  if (!moved)
    update_peer_present (self);
  return moved;
}

/* Starts to poll the region, or polls it more often from now on. */
static void
poll_soon (ShmoozeCommunicator *self)
{
  if (self->source != NULL)
    {
      shmooze_poll_source_hurry (self->source);
      return;
    }
  self->source = shmooze_poll_source_new ();
  g_source_set_callback (self->source, on_poll, self, NULL);
  g_source_attach (self->source, self->context);
}

/**
 * shmooze_communicator_get_read_position:
 * @self: a communicator
 *
 * Gets the position of the slot to read.
 *
 * Returns: the position in bytes, or -1 if it has not been set
 *
 * Since: 1.0
 */
gint64
shmooze_communicator_get_read_position (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), -1);

  return self->read_position;
}

/**
 * shmooze_communicator_set_read_position:
 * @self: a communicator
 * @position: the position in bytes, which is the peer's write position
 * @error: return location for an error
 *
 * Sets the position of the slot to read. A message that the slot already
 * contains is read by [method@Communicator.start_reader].
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if the slot does not fit into the
 * region or overlaps the other one, with %G_IO_ERROR_PENDING while reading or
 * if an unconfirmed message would overlap the slot, with %G_IO_ERROR_CLOSED
 * and with %SHMOOZE_ERROR_LOST.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_set_read_position (ShmoozeCommunicator  *self,
                                        gint64                position,
                                        GError              **error)
{
  gsize longest;

  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_open (self, error) || !check_position (self, position, self->write_position, error))
    return FALSE;
  if (self->read_position == position)
    return TRUE;
  if (self->reading)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                   _("Cannot change read position %" PRId64 " while it is being read; stop the reader first"),
                   self->read_position);
      return FALSE;
    }
  /* A message may have been queued while there was no slot that ended it. */
  longest = shmooze_slot_queue_get_longest (self->queue);
  if (self->write_position >= 0 &&
      longest > shmooze_slot_room (self->layout.view, self->write_position, position))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                   _("An unconfirmed message of %zu bytes at position %" PRId64 " would overlap a slot at %" PRId64
                     "; wait until it is confirmed"),
                   longest, self->write_position, position);
      return FALSE;
    }

  self->read_position = position;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_READ_POSITION]);
  return TRUE;
}

/**
 * shmooze_communicator_get_write_position:
 * @self: a communicator
 *
 * Gets the position of the slot to write.
 *
 * Returns: the position in bytes, or -1 if it has not been set
 *
 * Since: 1.0
 */
gint64
shmooze_communicator_get_write_position (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), -1);

  return self->write_position;
}

/**
 * shmooze_communicator_set_write_position:
 * @self: a communicator
 * @position: the position in bytes, which is the peer's read position
 * @error: return location for an error
 *
 * Sets the position of the slot to write. If the slot contains a message of a
 * former writer, it stays, and new messages wait until the peer has read it.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if the slot does not fit into the
 * region or overlaps the other one, with %G_IO_ERROR_BUSY if it already has a
 * writer, with %G_IO_ERROR_PENDING while messages are unconfirmed, with
 * %G_IO_ERROR_CLOSED and with %SHMOOZE_ERROR_LOST.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_set_write_position (ShmoozeCommunicator  *self,
                                         gint64                position,
                                         GError              **error)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_open (self, error) || !check_position (self, position, self->read_position, error))
    return FALSE;
  if (self->write_position == position)
    return TRUE;
  if (shmooze_slot_queue_get_n (self->queue) > 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                   _("Cannot change write position %" PRId64 ": messages there are not confirmed yet"),
                   self->write_position);
      return FALSE;
    }
  if (!shmooze_region_try_lock (self->layout.region, (guint64) position + SHMOOZE_SLOT_WRITER_LOCK))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("Position %" PRId64 " of region “%s” already has a writer; choose the other position"),
                   position, shmooze_region_get_name (self->layout.region));
      return FALSE;
    }

  if (self->write_position >= 0)
    shmooze_region_unlock (self->layout.region, (guint64) self->write_position + SHMOOZE_SLOT_WRITER_LOCK);
  self->write_position = position;
  shmooze_slot_free (self->layout.view, position);
  poll_soon (self);
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WRITE_POSITION]);
  update_peer_present (self);
  g_object_thaw_notify (G_OBJECT (self));
  return TRUE;
}

/* Returns FALSE without an error if one of the positions is in use. */
static gboolean
take_if_free (ShmoozeCommunicator  *self,
              gint64                read_position,
              gint64                write_position,
              GError              **error)
{
  g_autoptr(GError) local_error = NULL;

  if (shmooze_region_is_locked (self->layout.region, (guint64) read_position + SHMOOZE_SLOT_READER_LOCK))
    return FALSE;
  if (shmooze_communicator_set_read_position (self, read_position, &local_error) &&
      shmooze_communicator_set_write_position (self, write_position, &local_error))
    return TRUE;

  if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_BUSY))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/**
 * shmooze_communicator_take_positions:
 * @self: a communicator without positions
 * @error: return location for an error
 *
 * Sets the positions of the original programs, in the order that is free.
 *
 * The first process reads at %SHMOOZE_COMMUNICATOR_FIRST_POSITION and writes
 * at %SHMOOZE_COMMUNICATOR_SECOND_POSITION, the second one the other way
 * round. A peer that does not use this library cannot be detected; with such
 * a peer, set the positions with [method@Communicator.set_read_position] and
 * [method@Communicator.set_write_position].
 *
 * Fails with %G_IO_ERROR_BUSY if two other processes use the region already,
 * with %G_IO_ERROR_INVALID_ARGUMENT if the region is too small, with
 * %G_IO_ERROR_CLOSED and with %SHMOOZE_ERROR_LOST.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_take_positions (ShmoozeCommunicator  *self,
                                     GError              **error)
{
  const gint64 first = SHMOOZE_COMMUNICATOR_FIRST_POSITION, second = SHMOOZE_COMMUNICATOR_SECOND_POSITION;
  g_autoptr(GError) local_error = NULL;

  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);
  g_return_val_if_fail (self->read_position < 0 && self->write_position < 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (take_if_free (self, first, second, &local_error) ||
      (local_error == NULL && take_if_free (self, second, first, &local_error)))
    return TRUE;

  self->read_position = -1;
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 _("Region “%s” is already used by two other programs; choose another name"),
                 shmooze_region_get_name (self->layout.region));
  return FALSE;
}

/**
 * shmooze_communicator_get_max_size:
 * @self: a communicator
 *
 * Gets the maximum length of a message. It ends where the other slot begins,
 * or else at the end of the region.
 *
 * Returns: the length in bytes, or 0 if no write position has been set
 *
 * Since: 1.0
 */
gsize
shmooze_communicator_get_max_size (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), 0);

  if (self->write_position < 0)
    return 0;
  return shmooze_slot_room (self->layout.view, self->write_position, self->read_position);
}

/**
 * shmooze_communicator_get_peer_present:
 * @self: a communicator
 *
 * Gets whether a peer that uses this library reads the slot that this object
 * writes.
 *
 * Returns: %TRUE if the peer was present when the region was last polled
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_get_peer_present (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);

  return self->peer_present;
}

/**
 * shmooze_communicator_get_n_unconfirmed:
 * @self: a communicator
 *
 * Gets the number of messages that the peer has not confirmed yet.
 *
 * Returns: the number of messages
 *
 * Since: 1.0
 */
guint
shmooze_communicator_get_n_unconfirmed (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), 0);

  return shmooze_slot_queue_get_n (self->queue);
}

/**
 * shmooze_communicator_start_reader:
 * @self: a communicator
 * @error: return location for an error
 *
 * Starts to read messages: [signal@Communicator::data-received] is emitted
 * for each, from the next iteration of the main context on. Calling this
 * while reading has no effect.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if no read position has been set,
 * with %G_IO_ERROR_BUSY if the slot already has a reader, with
 * %G_IO_ERROR_CLOSED and with %SHMOOZE_ERROR_LOST.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_start_reader (ShmoozeCommunicator  *self,
                                   GError              **error)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_open (self, error))
    return FALSE;
  if (self->reading)
    return TRUE;
  if (self->read_position < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("No read position has been set for region “%s”"),
                   shmooze_region_get_name (self->layout.region));
      return FALSE;
    }
  /* The peer looks at this lock to see whether the slot has a reader. */
  if (!shmooze_region_try_lock (self->layout.region, (guint64) self->read_position + SHMOOZE_SLOT_READER_LOCK))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("Position %" PRId64 " of region “%s” already has a reader; choose the other position"),
                   self->read_position, shmooze_region_get_name (self->layout.region));
      return FALSE;
    }

  self->reading = TRUE;
  self->failing = FALSE;
  poll_soon (self);
  shmooze_poll_source_add_bell (self->source, self->layout.region, (guint64) self->read_position);
  return TRUE;
}

/**
 * shmooze_communicator_stop_reader:
 * @self: a communicator
 *
 * Stops reading. Messages that arrive later wait in their slot. Calling this
 * while not reading has no effect.
 *
 * Since: 1.0
 */
void
shmooze_communicator_stop_reader (ShmoozeCommunicator *self)
{
  g_return_if_fail (SHMOOZE_IS_COMMUNICATOR (self));

  if (!self->reading)
    return;
  self->reading = FALSE;
  if (self->source != NULL)
    shmooze_poll_source_remove_bell (self->source);
  shmooze_region_unlock (self->layout.region, (guint64) self->read_position + SHMOOZE_SLOT_READER_LOCK);
  if (self->write_position < 0)
    stop_polling (self);
}

/* Queues a message. @task: (nullable): completed when the peer has confirmed the message */
static gboolean
post (ShmoozeCommunicator  *self,
      gconstpointer         data,
      gsize                 size,
      GTask                *task,
      GError              **error)
{
  if (!check_open (self, error))
    return FALSE;
  if (self->write_position < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("No write position has been set for region “%s”"),
                   shmooze_region_get_name (self->layout.region));
      return FALSE;
    }
  if (size > shmooze_communicator_get_max_size (self))
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                   _("Message too long: %zu bytes, but the slot at %" PRId64 " of “%s” has room for %zu"),
                   size, self->write_position, shmooze_region_get_name (self->layout.region),
                   shmooze_communicator_get_max_size (self));
      return FALSE;
    }

  poll_soon (self);
  shmooze_slot_queue_add (self->queue, data, size, task);
  /* Messages behind others are left to the next poll: the callbacks of those before must not run within this call. */
  if (shmooze_slot_queue_get_n (self->queue) == 1)
    {
      update_peer_present (self);
      send_queue (self);
    }
  else
    update_n_unconfirmed (self);
  return TRUE;
}

/**
 * shmooze_communicator_write:
 * @self: a communicator
 * @data: (array length=size) (element-type guint8): the message
 * @size: its length in bytes
 * @error: return location for an error
 *
 * Sends a message. It is put into its slot when the peer has confirmed the
 * messages before it.
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG if the message is longer than
 * [method@Communicator.get_max_size], with %G_IO_ERROR_INVALID_ARGUMENT if no
 * write position has been set, with %G_IO_ERROR_CLOSED and with
 * %SHMOOZE_ERROR_LOST.
 *
 * Returns: %TRUE if the message was sent or queued
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_write (ShmoozeCommunicator  *self,
                            gconstpointer         data,
                            gsize                 size,
                            GError              **error)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return post (self, data, size, NULL, error);
}

/**
 * shmooze_communicator_write_text:
 * @self: a communicator
 * @text: the message
 * @error: return location for an error
 *
 * Sends a text as UTF-8.
 *
 * Fails like [method@Communicator.write].
 *
 * Returns: %TRUE if the message was sent or queued
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_write_text (ShmoozeCommunicator  *self,
                                 const char           *text,
                                 GError              **error)
{
  g_return_val_if_fail (text != NULL, FALSE);

  return shmooze_communicator_write (self, text, strlen (text), error);
}

/**
 * shmooze_communicator_write_async:
 * @self: a communicator
 * @data: (array length=size) (element-type guint8): the message
 * @size: its length in bytes
 * @cancellable: (nullable): optional [class@Gio.Cancellable]; a message that
 *   is already in its slot cannot be cancelled
 * @callback: (scope async) (closure user_data): called when the peer has
 *   confirmed the message, or on failure
 * @user_data: data to pass to @callback
 *
 * Sends a message, and calls @callback when the peer has confirmed it.
 *
 * Since: 1.0
 */
void
shmooze_communicator_write_async (ShmoozeCommunicator  *self,
                                  gconstpointer         data,
                                  gsize                 size,
                                  GCancellable         *cancellable,
                                  GAsyncReadyCallback   callback,
                                  gpointer              user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (SHMOOZE_IS_COMMUNICATOR (self));
  g_return_if_fail (data != NULL || size == 0);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shmooze_communicator_write_async);
  g_task_set_check_cancellable (task, FALSE);  /* a message that the peer has confirmed was sent */
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!post (self, data, size, task, &error))
    g_task_return_error (task, error);
}

/**
 * shmooze_communicator_write_finish:
 * @self: a communicator
 * @result: the result that was passed to the callback
 * @error: return location for an error
 *
 * Finishes an operation started with [method@Communicator.write_async].
 *
 * Fails like [method@Communicator.write], with %G_IO_ERROR_CANCELLED if the
 * message was cancelled before it was sent, and with %G_IO_ERROR_CLOSED if
 * the communicator was closed before the peer confirmed the message.
 *
 * Returns: %TRUE if the peer has confirmed the message
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_write_finish (ShmoozeCommunicator  *self,
                                   GAsyncResult         *result,
                                   GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * shmooze_communicator_close:
 * @self: a communicator
 *
 * Stops reading and writing, and releases the region.
 *
 * A message that is in its slot stays there for the peer as long as a process
 * holds the region; queued messages are not sent. Calling this again has no
 * effect.
 *
 * Since: 1.0
 */
void
shmooze_communicator_close (ShmoozeCommunicator *self)
{
  g_return_if_fail (SHMOOZE_IS_COMMUNICATOR (self));

  shmooze_communicator_stop_reader (self);
  stop_polling (self);
  shmooze_ringer_clear (&self->ringer);
  if (shmooze_slot_queue_get_n (self->queue) > 0)
    {
      g_autoptr(GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                             _("The communicator was closed before the message was confirmed"));

      fail_queue (self, error);
    }
  shmooze_layout_close (&self->layout);
}
