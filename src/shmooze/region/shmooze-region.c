/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-region-private.h"

#include "shmooze-enum-types.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

/**
 * ShmoozeRegion:
 *
 * A named piece of memory that processes share.
 *
 * A plain name (`chat`) is the user's own; a name that begins with a slash
 * (`/EMoreauSharedDemo`) is a POSIX shared memory object of exactly that
 * name, which other programs can open.
 *
 * A region exists as long as a process holds it, by a `ShmoozeRegion` or a
 * [class@View] of it. Its name is removed with the last holder, even if that
 * process is killed: the next process that opens the name finds nothing, or
 * creates the region anew, filled with zeros. POSIX objects that other
 * programs created are only removed by [func@Region.remove].
 *
 * A region may be used from several threads.
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (ShmoozeRegion, shmooze_region, G_TYPE_OBJECT)

typedef enum
{
  PROP_NAME = 1,
  PROP_PATH,
  PROP_CAPACITY,
  PROP_ACCESS,
  PROP_PERSISTED
} Property;

static GParamSpec *properties[PROP_PERSISTED + 1];

static void
shmooze_region_finalize (GObject *object)
{
  ShmoozeRegion *self = SHMOOZE_REGION (object);

  if (atomic_load (&self->n_holds) > 0)
    shmooze_region_close (self);
  shmooze_backing_clear (&self->backing);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->locked, g_hash_table_unref);
  g_mutex_clear (&self->mutex);

  G_OBJECT_CLASS (shmooze_region_parent_class)->finalize (object);
}

static void
shmooze_region_get_property (GObject    *object,
                             guint       id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  ShmoozeRegion *self = SHMOOZE_REGION (object);

  switch ((Property) id)
    {
    case PROP_NAME:
      g_value_set_string (value, shmooze_region_get_name (self));
      break;
    case PROP_PATH:
      g_value_set_string (value, shmooze_region_get_path (self));
      break;
    case PROP_CAPACITY:
      g_value_set_uint64 (value, self->backing.capacity);
      break;
    case PROP_ACCESS:
      g_value_set_enum (value, self->access);
      break;
    case PROP_PERSISTED:
      g_value_set_boolean (value, self->persisted);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
shmooze_region_class_init (ShmoozeRegionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = shmooze_region_finalize;
  object_class->get_property = shmooze_region_get_property;

  /**
   * ShmoozeRegion:name:
   *
   * The name by which the region was created or opened. `NULL` for a mapped
   * file and for an unnamed region.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  /**
   * ShmoozeRegion:path:
   *
   * The file of the region. `NULL` for an unnamed region.
   *
   * Since: 1.0
   */
  properties[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, NULL, flags);
  /**
   * ShmoozeRegion:capacity:
   *
   * The size in bytes.
   *
   * Since: 1.0
   */
  properties[PROP_CAPACITY] = g_param_spec_uint64 ("capacity", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * ShmoozeRegion:access:
   *
   * The operations that this object allows.
   *
   * Since: 1.0
   */
  properties[PROP_ACCESS] = g_param_spec_enum ("access", NULL, NULL, SHMOOZE_TYPE_ACCESS,
                                               SHMOOZE_ACCESS_READ_WRITE, flags);
  /**
   * ShmoozeRegion:persisted:
   *
   * Whether the region is a mapped file, which is kept when the last holder
   * is gone: see [ctor@Region.map_file].
   *
   * Since: 1.0
   */
  properties[PROP_PERSISTED] = g_param_spec_boolean ("persisted", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * ShmoozeRegion::lost:
   * @self: the region
   * @error: the error, %SHMOOZE_ERROR_LOST
   *
   * Emitted once, when an access finds that the region was truncated or
   * overwritten. It is emitted in the main context that was the
   * thread-default one when the region was created. Every later operation
   * fails with %SHMOOZE_ERROR_LOST. The name is removed, so that another
   * region can have it.
   *
   * Since: 1.0
   */
  g_signal_new ("lost", SHMOOZE_TYPE_REGION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
shmooze_region_init (ShmoozeRegion *self)
{
  g_mutex_init (&self->mutex);
  self->locked = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->context = g_main_context_ref_thread_default ();
}

/* Where "lost" is emitted, if not in the context of the region's creation. To be called before other threads know
 * the region. */
void
shmooze_region_set_context (ShmoozeRegion *self,
                            GMainContext  *context)
{
  g_main_context_unref (self->context);
  self->context = g_main_context_ref (context != NULL ? context : g_main_context_default ());
}

/* A region whose backing file is not open yet. Takes over @location. */
ShmoozeRegion *
shmooze_region_new (ShmoozeLocation *location,
                    const char      *label,
                    ShmoozeAccess    access)
{
  ShmoozeRegion *self = g_object_new (SHMOOZE_TYPE_REGION, NULL);

  shmooze_backing_init (&self->backing, location, label);
  self->access = access;
  return self;
}

static const char *
access_word (ShmoozeAccess access)
{
  static const char *const words[] = {
    N_("reading and writing"), N_("reading"), N_("writing"), N_("reading and private writing"),
    N_("reading and executing"), N_("reading, writing and executing")
  };

  return _(words[access]);
}

static gboolean
allows (ShmoozeAccess region,
        ShmoozeAccess view)
{
  static const guint8 allowed[] = {
    [SHMOOZE_ACCESS_READ_WRITE] = 1 << SHMOOZE_ACCESS_READ_WRITE | 1 << SHMOOZE_ACCESS_READ |
                                  1 << SHMOOZE_ACCESS_WRITE | 1 << SHMOOZE_ACCESS_COPY_ON_WRITE,
    [SHMOOZE_ACCESS_READ] = 1 << SHMOOZE_ACCESS_READ | 1 << SHMOOZE_ACCESS_COPY_ON_WRITE,
    [SHMOOZE_ACCESS_WRITE] = 1 << SHMOOZE_ACCESS_WRITE,
    [SHMOOZE_ACCESS_COPY_ON_WRITE] = 1 << SHMOOZE_ACCESS_READ | 1 << SHMOOZE_ACCESS_COPY_ON_WRITE,
    [SHMOOZE_ACCESS_READ_EXECUTE] = 1 << SHMOOZE_ACCESS_READ | 1 << SHMOOZE_ACCESS_COPY_ON_WRITE |
                                    1 << SHMOOZE_ACCESS_READ_EXECUTE,
    [SHMOOZE_ACCESS_READ_WRITE_EXECUTE] = 0x3f
  };

  return allowed[region] & 1 << view;
}

/* The region is held. */
static ShmoozeView *
make_view (ShmoozeRegion  *self,
           guint64         offset,
           guint64         size,
           ShmoozeAccess   access,
           GError        **error)
{
  guint64 capacity = self->backing.capacity;

  if (offset >= capacity || size > capacity - offset)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("A view of %" PRIu64 " bytes at offset %" PRIu64
                     " does not fit into the region “%s”, which has %" PRIu64 " bytes"),
                   size, offset, self->backing.label, capacity);
      return NULL;
    }
  if (!allows (self->access, access))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   /* Translators: the second %s and the third are like “reading” or “reading and writing” */
                   _("Region “%s” is open for %s; a view of it cannot be opened for %s"),
                   self->backing.label, access_word (self->access), access_word (access));
      return NULL;
    }
  return shmooze_view_new (self, offset, size > 0 ? size : capacity - offset, access, error);
}

/**
 * shmooze_region_create_view:
 * @self: a region
 * @offset: the start of the view, in bytes
 * @size: the size of the view in bytes, or 0 for all up to the region's end
 * @access: the operations that the view allows
 * @error: return location for an error
 *
 * Maps a part of the region. Offset and size need not be aligned.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if the view would extend beyond
 * the region, %G_IO_ERROR_PERMISSION_DENIED if @access includes more than
 * the access of the region, %G_IO_ERROR_CLOSED after [method@Region.close]
 * and %SHMOOZE_ERROR_LOST for a lost region.
 *
 * Returns: (transfer full): the view
 *
 * Since: 1.0
 */
ShmoozeView *
shmooze_region_create_view (ShmoozeRegion  *self,
                            guint64         offset,
                            guint64         size,
                            ShmoozeAccess   access,
                            GError        **error)
{
  ShmoozeView *view;

  g_return_val_if_fail (SHMOOZE_IS_REGION (self), NULL);
  g_return_val_if_fail (SHMOOZE_IS_ACCESS (access), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!shmooze_region_hold (self, error))
    return NULL;

  view = make_view (self, offset, size, access, error);
  if (view == NULL)
    shmooze_region_drop (self);
  return view;
}

/**
 * shmooze_region_close:
 * @self: a region
 *
 * Stops holding the region. Open views of it continue to hold it. The name
 * is removed with the last holder. Closing a region again does nothing.
 *
 * Since: 1.0
 */
void
shmooze_region_close (ShmoozeRegion *self)
{
  g_return_if_fail (SHMOOZE_IS_REGION (self));

  if (!atomic_exchange (&self->closed, TRUE))
    shmooze_region_drop (self);
}

/**
 * shmooze_region_get_name:
 * @self: a region
 *
 * Gets the name by which the region was created or opened.
 *
 * Returns: (nullable): the name, or `NULL` for a mapped file and for an
 *   unnamed region
 *
 * Since: 1.0
 */
const char *
shmooze_region_get_name (ShmoozeRegion *self)
{
  g_return_val_if_fail (SHMOOZE_IS_REGION (self), NULL);

  return self->backing.location != NULL ? self->backing.label : NULL;
}

/**
 * shmooze_region_get_path:
 * @self: a region
 *
 * Gets the path of the region's file.
 *
 * Returns: (type filename) (nullable): the path, or `NULL` for an unnamed
 *   region
 *
 * Since: 1.0
 */
const char *
shmooze_region_get_path (ShmoozeRegion *self)
{
  g_return_val_if_fail (SHMOOZE_IS_REGION (self), NULL);

  return shmooze_backing_get_path (&self->backing);
}

/**
 * shmooze_region_get_capacity:
 * @self: a region
 *
 * Gets the region's exact size.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint64
shmooze_region_get_capacity (ShmoozeRegion *self)
{
  g_return_val_if_fail (SHMOOZE_IS_REGION (self), 0);

  return self->backing.capacity;
}

/**
 * shmooze_region_get_access:
 * @self: a region
 *
 * Gets the operations that this object allows.
 *
 * Returns: the access
 *
 * Since: 1.0
 */
ShmoozeAccess
shmooze_region_get_access (ShmoozeRegion *self)
{
  g_return_val_if_fail (SHMOOZE_IS_REGION (self), SHMOOZE_ACCESS_READ);

  return self->access;
}

/**
 * shmooze_region_get_persisted:
 * @self: a region
 *
 * Gets whether the region is a mapped file: see [ctor@Region.map_file].
 *
 * Returns: whether the contents are kept when the last holder is gone
 *
 * Since: 1.0
 */
gboolean
shmooze_region_get_persisted (ShmoozeRegion *self)
{
  g_return_val_if_fail (SHMOOZE_IS_REGION (self), FALSE);

  return self->persisted;
}

/**
 * shmooze_disable_fault_guard:
 *
 * Keeps the library from installing its handler for `SIGBUS`.
 *
 * The handler turns the truncation of a region by another process into an
 * error; without it, the next access ends the process. A program with a
 * `SIGBUS` handler of its own can disable it. Call this function before the
 * program opens its first region.
 *
 * Since: 1.0
 */
void
shmooze_disable_fault_guard (void)
{
  shmooze_guard_disable ();
}
