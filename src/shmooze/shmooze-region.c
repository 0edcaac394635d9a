/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-region-private.h"

#include "shmooze-enum-types.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <sys/mman.h>
#include <unistd.h>

/**
 * ShmoozeRegion:
 *
 * A named piece of memory that processes share.
 *
 * A plain name (`chat`) is the user's own; a name that begins with a slash
 * (`/EMoreauSharedDemo`) is a POSIX shared memory object of exactly that
 * name, where other programs can meet it.
 *
 * A region lives as long as somebody holds it: a `ShmoozeRegion` or a
 * [class@View] of it, in any process. The name goes with the last holder,
 * even when that is killed: then the next one who asks for the name finds
 * nothing, or creates it anew, filled with zeros. POSIX objects that other
 * programs made are never removed, except by [func@Region.remove].
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
  PROP_ACCESS
} Property;

static GParamSpec *properties[PROP_ACCESS + 1];
static guint lost_signal;

void
shmooze_region_hold (ShmoozeRegion *self)
{
  g_mutex_lock (&self->mutex);
  self->n_holds++;
  g_mutex_unlock (&self->mutex);
}

void
shmooze_region_drop (ShmoozeRegion *self)
{
  gboolean last;

  g_mutex_lock (&self->mutex);
  last = --self->n_holds == 0;
  g_mutex_unlock (&self->mutex);
  if (!last)
    return;

  shmooze_holders_remove (&self->holder);
  if (self->guard != NULL)
    {
      shmooze_guard_remove (self->guard);
      munmap (self->magic, (gsize) sysconf (_SC_PAGESIZE));
    }
  shmooze_object_close (&self->holder.object);
}

static void
shmooze_region_finalize (GObject *object)
{
  ShmoozeRegion *self = SHMOOZE_REGION (object);

  if (self->n_holds > 0)
    shmooze_region_close (self);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->holder.place, shmooze_place_free);
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
      g_value_set_string (value, self->name);
      break;
    case PROP_PATH:
      g_value_set_string (value, self->holder.place->path);
      break;
    case PROP_CAPACITY:
      g_value_set_uint64 (value, self->holder.object.capacity);
      break;
    case PROP_ACCESS:
      g_value_set_enum (value, self->access);
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
   * The name the region was created or opened by.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  /**
   * ShmoozeRegion:path:
   *
   * The file that stands for the region.
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
   * What this object may do with the region.
   *
   * Since: 1.0
   */
  properties[PROP_ACCESS] = g_param_spec_enum ("access", NULL, NULL, SHMOOZE_TYPE_ACCESS,
                                               SHMOOZE_ACCESS_READ_WRITE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * ShmoozeRegion::lost:
   * @self: the region
   * @error: what happened, of [error@Error]
   *
   * Emitted once, in the thread-default main context of the region's
   * creation, when an access found that somebody has truncated or
   * overwritten the region. Every later operation fails with
   * %SHMOOZE_ERROR_LOST. The name is removed, so that it is free for
   * another region.
   *
   * Since: 1.0
   */
  lost_signal = g_signal_new ("lost", SHMOOZE_TYPE_REGION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                              G_TYPE_NONE, 1, G_TYPE_ERROR);
}

void
shmooze_region_emit_lost (ShmoozeRegion *self,
                          GError        *error)
{
  g_signal_emit (self, lost_signal, 0, error);
}

static void
shmooze_region_init (ShmoozeRegion *self)
{
  g_mutex_init (&self->mutex);
  self->holder.object = (ShmoozeObject) SHMOOZE_OBJECT_INIT;
  self->locked = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->context = g_main_context_ref_thread_default ();
}

static ShmoozeRegion *
region_new (const char     *name,
            ShmoozeAccess   access,
            gboolean        make,
            GError        **error)
{
  ShmoozePlace *place = shmooze_place_new (name, make, error);
  ShmoozeRegion *self;

  if (place == NULL)
    return NULL;

  self = g_object_new (SHMOOZE_TYPE_REGION, NULL);
  self->name = g_strdup (name);
  self->holder.place = place;
  self->access = access;
  return self;
}

/* The object is open and its life lock taken: from here on the region is a holder. */
static gboolean
start_holding (ShmoozeRegion  *self,
               GError        **error)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  gpointer control;

  self->n_holds = 1;
  shmooze_holders_add (&self->holder);
  if (self->holder.object.foreign)
    return TRUE;

  control = shmooze_region_map (self, self->holder.object.file_size - page, page, SHMOOZE_ACCESS_READ, error);
  if (control == NULL)
    return FALSE;

  self->magic = control;
  self->guard = shmooze_guard_add (control, page, &self->fault);
  return TRUE;
}

/* Sweeps what dead holders left in the private directory. */
static void
sweep_all (void)
{
  g_autoptr(GPtrArray) infos = shmooze_region_list (NULL);
}

static ShmoozeRegion *
create_region (const char     *name,
               guint64         capacity,
               ShmoozeAccess   access,
               ShmoozeFill     fill,
               gpointer        user_data,
               GError        **error)
{
  g_autoptr(ShmoozeRegion) self = region_new (name, access, TRUE, error);

  if (self == NULL)
    return NULL;
  if (!self->holder.place->posix)
    sweep_all ();
  if (!shmooze_object_create (&self->holder.object, self->holder.place, name, capacity, access, fill, user_data, error))
    return NULL;
  if (!start_holding (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* Creates a region whose contents @fill puts in place before the name is. */
ShmoozeRegion *
shmooze_region_create_filled (const char   *name,
                              guint64       capacity,
                              ShmoozeFill   fill,
                              gpointer      user_data,
                              GError      **error)
{
  return create_region (name, capacity, SHMOOZE_ACCESS_READ_WRITE, fill, user_data, error);
}

/**
 * shmooze_region_create:
 * @name: a name that no region has yet
 * @capacity: the size in bytes, at least 1
 * @access: what the new object may do; not %SHMOOZE_ACCESS_WRITE
 * @error: return location for an error
 *
 * Creates a region, filled with zeros.
 *
 * Fails with %G_IO_ERROR_EXISTS when somebody holds a region of that name,
 * %G_IO_ERROR_INVALID_FILENAME when @name breaks the rules,
 * %G_IO_ERROR_INVALID_ARGUMENT for an impossible @capacity or @access, and
 * %G_IO_ERROR_NO_SPACE when there is not as much memory.
 *
 * Returns: (transfer full): the region
 *
 * Since: 1.0
 */
ShmoozeRegion *
shmooze_region_create (const char     *name,
                       guint64         capacity,
                       ShmoozeAccess   access,
                       GError        **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return create_region (name, capacity, access, NULL, NULL, error);
}

static void
fill_with_bytes (gpointer data,
                 gpointer user_data)
{
  gsize size;
  const void *contents = g_bytes_get_data (user_data, &size);

  if (size > 0)
    memcpy (data, contents, size);
}

/**
 * shmooze_region_create_with_contents:
 * @name: a name that no region has yet
 * @capacity: the size in bytes, at least 1
 * @access: what the new object may do; not %SHMOOZE_ACCESS_WRITE
 * @contents: what the region begins with, at most @capacity bytes
 * @error: return location for an error
 *
 * Creates a region that has its contents before it has its name: nobody can
 * open it half-made. Fails like [ctor@Region.create].
 *
 * Returns: (transfer full): the region
 *
 * Since: 1.0
 */
ShmoozeRegion *
shmooze_region_create_with_contents (const char     *name,
                                     guint64         capacity,
                                     ShmoozeAccess   access,
                                     GBytes         *contents,
                                     GError        **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (contents != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (g_bytes_get_size (contents) > capacity)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("The contents of the region “%s” are %zu bytes, its capacity only %"
                     PRIu64), name, g_bytes_get_size (contents), capacity);
      return NULL;
    }
  return create_region (name, capacity, access, fill_with_bytes, contents, error);
}

/**
 * shmooze_region_open:
 * @name: the name of a region
 * @access: what the new object may do
 * @error: return location for an error
 *
 * Opens a region that somebody holds.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND when nobody does, %SHMOOZE_ERROR_LAYOUT
 * when something else stands under the name, %G_IO_ERROR_PERMISSION_DENIED
 * when it is another user's, and %G_IO_ERROR_BUSY when others open and
 * remove it all the time.
 *
 * Returns: (transfer full): the region
 *
 * Since: 1.0
 */
ShmoozeRegion *
shmooze_region_open (const char     *name,
                     ShmoozeAccess   access,
                     GError        **error)
{
  g_autoptr(ShmoozeRegion) self = NULL;
  g_autoptr(GError) local_error = NULL;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = region_new (name, access, FALSE, &local_error);
  if (self == NULL && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("There is no region “%s”"), name);
      return NULL;
    }
  if (self == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  if (!shmooze_object_open (&self->holder.object, self->holder.place, name, access, error))
    return NULL;
  if (!start_holding (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * shmooze_region_create_or_open:
 * @name: a name
 * @capacity: the size in bytes for a new region; an existing one keeps its own
 * @access: what the new object may do
 * @created: (out) (optional): whether the region is new
 * @error: return location for an error
 *
 * Opens the region of that name, or creates it. Of any number of processes
 * that do so at the same time one creates.
 *
 * Returns: (transfer full): the region
 *
 * Since: 1.0
 */
ShmoozeRegion *
shmooze_region_create_or_open (const char     *name,
                               guint64         capacity,
                               ShmoozeAccess   access,
                               gboolean       *created,
                               GError        **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  for (gint64 deadline = g_get_monotonic_time () + G_USEC_PER_SEC; ;)
    {
      g_autoptr(GError) local_error = NULL;
      ShmoozeRegion *self = shmooze_region_open (name, access, &local_error);
      gboolean late = g_get_monotonic_time () >= deadline;
      gboolean made = FALSE;

      if (self == NULL && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        {
          g_clear_error (&local_error);
          made = TRUE;
          self = shmooze_region_create (name, capacity, access, &local_error);
        }
      if (self != NULL)
        {
          if (created != NULL)
            *created = made;
          return self;
        }
      if (late || !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_EXISTS))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
}

/**
 * shmooze_region_remove:
 * @name: the name of a region
 * @error: return location for an error
 *
 * Removes the name, even while somebody holds the region: holders go on
 * with the nameless region, and the name is free.
 *
 * Returns: whether the name was removed
 *
 * Since: 1.0
 */
gboolean
shmooze_region_remove (const char  *name,
                       GError     **error)
{
  g_autoptr(ShmoozePlace) place = NULL;

  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  place = shmooze_place_new (name, TRUE, error);
  return place != NULL && shmooze_object_remove (place, name, error);
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

/**
 * shmooze_region_create_view:
 * @self: a region
 * @offset: where the view begins, in bytes
 * @size: how many bytes it has; 0: up to the region's end
 * @access: what one may do through it
 * @error: return location for an error
 *
 * Maps a part of the region. Any offset and size will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the view would reach beyond
 * the region, %G_IO_ERROR_PERMISSION_DENIED when @access asks for more than
 * the region has, %G_IO_ERROR_CLOSED after [method@Region.close] and
 * %SHMOOZE_ERROR_LOST for a lost region.
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
  guint64 capacity;

  g_return_val_if_fail (SHMOOZE_IS_REGION (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (atomic_load (&self->closed))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The region “%s” is closed"), self->name);
      return NULL;
    }
  if (!shmooze_region_check (self, error))
    return NULL;

  capacity = self->holder.object.capacity;
  if (offset >= capacity || size > capacity - offset)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("A view of %" PRIu64 " bytes at %" PRIu64
                     " does not fit into the region “%s” of %" PRIu64 " bytes"),
                   size, offset, self->name, capacity);
      return NULL;
    }
  if (!allows (self->access, access))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   /* Translators: the second %s and the third are like “reading” or “reading and writing” */
                   _("The region “%s” is open for %s; a view of it cannot be for %s"),
                   self->name, access_word (self->access), access_word (access));
      return NULL;
    }
  return shmooze_view_new (self, offset, size > 0 ? size : capacity - offset, access, error);
}

/**
 * shmooze_region_close:
 * @self: a region
 *
 * Stops holding the region; views of it go on holding it. When this was the
 * last holder of all, the name goes. To close it twice is fine.
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
 * Gets the name the region was created or opened by.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
shmooze_region_get_name (ShmoozeRegion *self)
{
  g_return_val_if_fail (SHMOOZE_IS_REGION (self), NULL);

  return self->name;
}

/**
 * shmooze_region_get_path:
 * @self: a region
 *
 * Gets the file that stands for the region.
 *
 * Returns: (type filename): the path
 *
 * Since: 1.0
 */
const char *
shmooze_region_get_path (ShmoozeRegion *self)
{
  g_return_val_if_fail (SHMOOZE_IS_REGION (self), NULL);

  return self->holder.place->path;
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

  return self->holder.object.capacity;
}

/**
 * shmooze_region_get_access:
 * @self: a region
 *
 * Gets what this object may do with the region.
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
