/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-communicator-private.h"

#include "region/shmooze-poll-private.h"
#include "region/shmooze-region-private.h"
#include "classic/shmooze-slot-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

/**
 * ShmoozeCommunicator:
 *
 * Messages between two processes, in the layout of the classic communicator:
 * two slots in one region, one for each direction. What one side reads the
 * other one writes. A program that was written for the original can be on
 * the other side.
 *
 * A slot at a position P holds one message at a time: a byte at P that says
 * that there is one, a byte at P + 1 by which the reader confirms, its length
 * (a little-endian `int32`) at P + 2, and the message from P + 12.
 *
 * Writing never blocks: messages wait in the object until the peer has
 * confirmed those before them. The layout has no bell, so the region is
 * looked at: every millisecond while something moves, four times a
 * second after. Two that use this library wake each other by a FIFO beside
 * the region.
 *
 * Methods and signals belong to one thread, that of the main context which
 * was thread-default when the object was made.
 *
 * Since: 1.0
 */

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

  shmooze_slot_queue_free (self->letters);
  g_clear_object (&self->view);
  g_clear_object (&self->region);
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
      g_value_set_string (value, shmooze_region_get_name (self->region));
      break;
    case PROP_CAPACITY:
      g_value_set_uint64 (value, shmooze_region_get_capacity (self->region));
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
      g_value_set_uint (value, shmooze_slot_queue_get_n (self->letters));
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
   * Where the slot to read stands, in bytes; -1 until it is set. Setting what
   * cannot be is warned of and changes nothing: see
   * [method@Communicator.set_read_position].
   *
   * Since: 1.0
   */
  properties[PROP_READ_POSITION] = g_param_spec_int64 ("read-position", NULL, NULL, -1, G_MAXINT64, -1, writable);
  /**
   * ShmoozeCommunicator:write-position:
   *
   * Where the slot to write stands, in bytes; -1 until it is set. Setting what
   * cannot be is warned of and changes nothing: see
   * [method@Communicator.set_write_position].
   *
   * Since: 1.0
   */
  properties[PROP_WRITE_POSITION] = g_param_spec_int64 ("write-position", NULL, NULL, -1, G_MAXINT64, -1, writable);
  /**
   * ShmoozeCommunicator:peer-present:
   *
   * Whether a peer that uses this library reads the slot which is written.
   * Others cannot be seen: it is their confirmations that tell of them.
   *
   * Since: 1.0
   */
  properties[PROP_PEER_PRESENT] = g_param_spec_boolean ("peer-present", NULL, NULL, FALSE, readable);
  /**
   * ShmoozeCommunicator:n-unconfirmed:
   *
   * How many messages the peer has not confirmed yet.
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
   * [method@Communicator.stop_reader]. It is confirmed to the peer by then.
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
   * Emitted once for each time that things go wrong: when the slot to read
   * breaks the rules of its layout (%SHMOOZE_ERROR_CORRUPT; it is left as it
   * is, and reading goes on when the peer has mended it) or the region is
   * lost (%SHMOOZE_ERROR_LOST).
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
  self->letters = shmooze_slot_queue_new ();
}

/**
 * shmooze_communicator_new:
 * @name: the region's name; the classic one is %SHMOOZE_COMMUNICATOR_NAME
 * @capacity: the size in bytes for a new region; the classic one is
 *   %SHMOOZE_COMMUNICATOR_CAPACITY
 * @error: return location for an error
 *
 * Opens the region of that name, or creates it. Positions are to be set next.
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

  region = shmooze_region_create_or_open (name, capacity, SHMOOZE_ACCESS_READ_WRITE, NULL, error);
  if (region == NULL)
    return NULL;

  self = g_object_new (SHMOOZE_TYPE_COMMUNICATOR, NULL);
  self->region = region;
  self->view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ_WRITE, error);
  return self->view != NULL ? g_steal_pointer (&self) : NULL;
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

  return shmooze_region_get_name (self->region);
}

/**
 * shmooze_communicator_get_capacity:
 * @self: a communicator
 *
 * Gets the region's size: that of a region that existed before may be
 * another one than was asked for.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint64
shmooze_communicator_get_capacity (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), 0);

  return shmooze_region_get_capacity (self->region);
}

/* For a slot at @position, beside one at @other, if there is. */
gboolean
shmooze_communicator_check_position (ShmoozeCommunicator  *self,
                                     gint64                position,
                                     gint64                other,
                                     GError              **error)
{
  guint64 capacity = shmooze_region_get_capacity (self->region);

  if (position < 0 || capacity < SHMOOZE_SLOT_MIN || (guint64) position > capacity - SHMOOZE_SLOT_MIN)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("Invalid position %" PRId64 ": a slot of %d bytes there does not fit into region “%s” of %" PRIu64
                     " bytes"),
                   position, SHMOOZE_SLOT_MIN, shmooze_region_get_name (self->region), capacity);
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

gboolean
shmooze_communicator_check_open (ShmoozeCommunicator  *self,
                                 GError              **error)
{
  return shmooze_view_begin_writing (self->view, error) && shmooze_view_end (self->view, error);
}

/**
 * shmooze_communicator_get_read_position:
 * @self: a communicator
 *
 * Gets where the slot to read stands.
 *
 * Returns: the position in bytes; -1 until it is set
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
 * @position: the position in bytes: the peer's position for writing
 * @error: return location for an error
 *
 * Sets where the slot to read stands. A message that waits there stays.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the slot would not lie within
 * the region or overlap the other one, %G_IO_ERROR_PENDING while reading, or
 * when an unconfirmed message would reach into it, %G_IO_ERROR_CLOSED and
 * %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_set_read_position (ShmoozeCommunicator  *self,
                                        gint64                position,
                                        GError              **error)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!shmooze_communicator_check_open (self, error) ||
      !shmooze_communicator_check_position (self, position, self->write_position, error))
    return FALSE;
  if (self->read_position == position)
    return TRUE;
  if (self->reading)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                   _("Cannot change read position %" PRId64 " while it is being read; stop the reader first"), self->read_position);
      return FALSE;
    }
  /* What was let in with more room than there would be now must not run into the other slot. */
  if (self->write_position >= 0 &&
      shmooze_slot_queue_get_longest (self->letters) > shmooze_slot_room (self->view, self->write_position, position))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                   _("An unconfirmed message of %zu bytes at position %" PRId64 " would overlap a slot at %" PRId64
                     "; wait until it is confirmed"),
                   shmooze_slot_queue_get_longest (self->letters), self->write_position, position);
      return FALSE;
    }

  self->read_position = position;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_READ_POSITION]);
  return TRUE;
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

  data = shmooze_slot_take (self->view, self->read_position,
                            shmooze_slot_room (self->view, self->read_position, self->write_position), &error);
  if (error != NULL)
    fail (self, error);
  else
    self->failing = FALSE;
  if (data == NULL)
    return FALSE;
  shmooze_communicator_ring (self);
  g_signal_emit (self, signals[SIGNAL_DATA_RECEIVED], 0, data);
  return TRUE;
}

void
shmooze_communicator_tell_unconfirmed (ShmoozeCommunicator *self)
{
  guint n = shmooze_slot_queue_get_n (self->letters);

  if (n == self->n_told)
    return;
  self->n_told = n;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_UNCONFIRMED]);
}

static void
fail_letters (ShmoozeCommunicator *self,
              const GError        *error)
{
  shmooze_slot_queue_fail (self->letters, error);
  shmooze_communicator_tell_unconfirmed (self);
}

/* TRUE: something has moved. */
gboolean
shmooze_communicator_send_some (ShmoozeCommunicator *self)
{
  gboolean moved = shmooze_slot_queue_send (self->letters, self->view, self->write_position);

  if (moved)
    shmooze_communicator_ring (self);
  shmooze_communicator_tell_unconfirmed (self);
  return moved;
}

static void
stop_looking (ShmoozeCommunicator *self)
{
  if (self->source == NULL)
    return;
  shmooze_poll_source_remove_bell (self->source);
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static gboolean
on_look (gpointer user_data)
{
  g_autoptr(ShmoozeCommunicator) self = g_object_ref (user_data);
  g_autoptr(GError) error = NULL;
  gboolean moved;

  if (!shmooze_communicator_check_open (self, &error))
    {
      stop_looking (self);
      fail_letters (self, error);
      self->failing = FALSE;  /* this is another failure than that of a slot */
      fail (self, error);
      return FALSE;
    }

  moved = shmooze_communicator_send_some (self);
  if (self->reading && read_one (self))
    moved = TRUE;
  /* Handlers may have closed the communicator. */
  if (self->source == NULL)
    return FALSE;
  if (!moved)
    shmooze_communicator_look_for_peer (self);
  return moved;
}

/* Sees to it that the region is looked at. */
void
shmooze_communicator_look_soon (ShmoozeCommunicator *self)
{
  if (self->source != NULL)
    {
      shmooze_poll_source_hurry (self->source);
      return;
    }
  self->source = shmooze_poll_source_new ();
  g_source_set_callback (self->source, on_look, self, NULL);
  g_source_attach (self->source, self->context);
}

/**
 * shmooze_communicator_start_reader:
 * @self: a communicator
 * @error: return location for an error
 *
 * Begins to read: [signal@Communicator::data-received] is emitted for each
 * message from the main context's next turn on. To do so twice is fine.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT while there is no position for
 * reading, %G_IO_ERROR_BUSY when somebody else reads there,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_start_reader (ShmoozeCommunicator  *self,
                                   GError              **error)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!shmooze_communicator_check_open (self, error))
    return FALSE;
  if (self->reading)
    return TRUE;
  if (self->read_position < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("No read position has been set for region “%s”"), shmooze_region_get_name (self->region));
      return FALSE;
    }
  /* By this lock the peer knows that somebody is there. */
  if (!shmooze_region_try_lock (self->region, (guint64) self->read_position + SHMOOZE_SLOT_READER_LOCK))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("Position %" PRId64 " of region “%s” already has a reader; choose the other position"),
                   self->read_position, shmooze_region_get_name (self->region));
      return FALSE;
    }

  self->reading = TRUE;
  self->failing = FALSE;
  shmooze_communicator_look_soon (self);
  shmooze_poll_source_add_bell (self->source, self->region, (guint64) self->read_position);
  return TRUE;
}

/**
 * shmooze_communicator_stop_reader:
 * @self: a communicator
 *
 * Ends reading. A message that comes later waits in its slot. To do so twice
 * is fine.
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
  shmooze_region_unlock (self->region, (guint64) self->read_position + SHMOOZE_SLOT_READER_LOCK);
  if (self->write_position < 0)
    stop_looking (self);
}

/**
 * shmooze_communicator_close:
 * @self: a communicator
 *
 * Ends reading and writing. A message that stands in its slot stays there
 * for the peer, as long as somebody holds the region; those that wait behind
 * it are not sent. To close it twice is fine.
 *
 * Since: 1.0
 */
void
shmooze_communicator_close (ShmoozeCommunicator *self)
{
  g_return_if_fail (SHMOOZE_IS_COMMUNICATOR (self));

  shmooze_communicator_stop_reader (self);
  stop_looking (self);
  shmooze_ringer_clear (&self->ringer);
  if (shmooze_slot_queue_get_n (self->letters) > 0)
    {
      g_autoptr(GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                             _("The communicator was closed before the message was confirmed"));

      fail_letters (self, error);
    }
  if (self->view != NULL)
    shmooze_view_close (self->view);
  if (self->region != NULL)
    shmooze_region_close (self->region);
}
