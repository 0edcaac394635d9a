/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-shared-text.h"

#include "classic/shmooze-layout-private.h"
#include "classic/shmooze-text-cell-private.h"
#include "os/shmooze-bell-private.h"
#include "region/shmooze-poll-private.h"
#include "region/shmooze-region-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

/**
 * ShmoozeSharedText:
 *
 * A text that one process shares and any number of others show while it
 * changes.
 *
 * The memory layout is that of the original .NET server and client: the
 * number of UTF-16 units (an `int32`) at offset 0, and the text in
 * little-endian UTF-16 from offset 10. A program that was written for the
 * original can be on either side.
 *
 * Create the sharing side with [ctor@SharedText.share] and a showing side
 * with [ctor@SharedText.show].
 *
 * The sharing side writes a text before its count, and while the text
 * changes, the count covers only the beginning that stays the same. A reader
 * therefore sees a whole text or the beginning of one, and never a count
 * without its text.
 *
 * All methods must be called from the thread that created the object.
 * Signals are emitted in the main context that was the thread default when
 * [method@SharedText.start_reader] was called.
 *
 * Since: 1.0
 */

/* The lock offsets in the region: one for the sharer, and one for each reader that has a bell. A reader's bell has
 * the number of its lock. */
#define SHARER_LOCK 0
#define FIRST_READER_LOCK 1
#define N_BELLS 8

/* How often the sharer looks for new readers. */
#define LOOK_USEC (SHMOOZE_POLL_MAX_MSEC * 1000)

struct _ShmoozeSharedText
{
  GObject        parent_instance;

  ShmoozeLayout  layout;

  /* The sharing side */
  gboolean       shares;
  ShmoozeRinger  ringers[N_BELLS];
  gint64         last_look;       /* for new readers, in microseconds */

  /* The showing side */
  GSource       *source;          /* NULL: not reading */
  guint64        bell;            /* number of the reader's own bell; 0: none */
  GBytes        *units;           /* the text shown last; NULL: none yet */
  gboolean       failing;
  gboolean       sharer_present;
  gboolean       removed;
};

G_DEFINE_FINAL_TYPE (ShmoozeSharedText, shmooze_shared_text, G_TYPE_OBJECT)

typedef enum
{
  PROP_NAME = 1,
  PROP_CAPACITY,
  PROP_SHARER_PRESENT
} Property;

static GParamSpec *properties[PROP_SHARER_PRESENT + 1];

enum
{
  SIGNAL_CHANGED,
  SIGNAL_REMOVED,
  SIGNAL_FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
shmooze_shared_text_dispose (GObject *object)
{
  shmooze_shared_text_close (SHMOOZE_SHARED_TEXT (object));

  G_OBJECT_CLASS (shmooze_shared_text_parent_class)->dispose (object);
}

static void
shmooze_shared_text_finalize (GObject *object)
{
  ShmoozeSharedText *self = SHMOOZE_SHARED_TEXT (object);

  shmooze_layout_clear (&self->layout);
  g_clear_pointer (&self->units, g_bytes_unref);

  G_OBJECT_CLASS (shmooze_shared_text_parent_class)->finalize (object);
}

static void
shmooze_shared_text_get_property (GObject    *object,
                                  guint       id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  ShmoozeSharedText *self = SHMOOZE_SHARED_TEXT (object);

  switch ((Property) id)
    {
    case PROP_NAME:
      g_value_set_string (value, shmooze_region_get_name (self->layout.region));
      break;
    case PROP_CAPACITY:
      g_value_set_uint64 (value, shmooze_region_get_capacity (self->layout.region));
      break;
    case PROP_SHARER_PRESENT:
      g_value_set_boolean (value, shmooze_shared_text_get_sharer_present (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
shmooze_shared_text_class_init (ShmoozeSharedTextClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->dispose = shmooze_shared_text_dispose;
  object_class->finalize = shmooze_shared_text_finalize;
  object_class->get_property = shmooze_shared_text_get_property;

  /**
   * ShmoozeSharedText:name:
   *
   * The region's name.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  /**
   * ShmoozeSharedText:capacity:
   *
   * The region's size in bytes.
   *
   * Since: 1.0
   */
  properties[PROP_CAPACITY] = g_param_spec_uint64 ("capacity", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * ShmoozeSharedText:sharer-present:
   *
   * Whether a process that uses this library shares the text.
   *
   * Changes are notified between [method@SharedText.start_reader] and
   * [method@SharedText.stop_reader].
   *
   * Since: 1.0
   */
  properties[PROP_SHARER_PRESENT] = g_param_spec_boolean ("sharer-present", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * ShmoozeSharedText::changed:
   * @self: the shared text
   * @text: the current text
   *
   * Emitted while reading, for the first text that is found and each time
   * that it has changed.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", SHMOOZE_TYPE_SHARED_TEXT, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  /**
   * ShmoozeSharedText::removed:
   * @self: the shared text
   *
   * Emitted while reading, at most once, when the name no longer leads to
   * this region because another program removed or replaced it.
   *
   * The last text has been announced by [signal@SharedText::changed] before.
   * To find a text that is shared under the name later, open the name anew
   * with [ctor@SharedText.show].
   *
   * Since: 1.0
   */
  signals[SIGNAL_REMOVED] = g_signal_new ("removed", SHMOOZE_TYPE_SHARED_TEXT, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
  /**
   * ShmoozeSharedText::failed:
   * @self: the shared text
   * @error: what is wrong
   *
   * Emitted while reading, once for each failure.
   *
   * With %SHMOOZE_ERROR_CORRUPT the region breaks the rules of its layout;
   * reading goes on, because the writer may repair it. With
   * %SHMOOZE_ERROR_LOST the region is lost, and reading has ended.
   *
   * Since: 1.0
   */
  signals[SIGNAL_FAILED] = g_signal_new ("failed", SHMOOZE_TYPE_SHARED_TEXT, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
shmooze_shared_text_init (ShmoozeSharedText *self)
{
}

/* @region: (transfer full) */
static ShmoozeSharedText *
shared_text_new (ShmoozeRegion  *region,
                 ShmoozeAccess   access,
                 GError        **error)
{
  g_autoptr(ShmoozeSharedText) self = g_object_new (SHMOOZE_TYPE_SHARED_TEXT, NULL);

  if (!shmooze_layout_map (&self->layout, region, SHMOOZE_TEXT_CELL_MIN, access, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * shmooze_shared_text_share: (constructor)
 * @name: the region's name; that of the original is %SHMOOZE_SHARED_TEXT_NAME
 * @capacity: the size in bytes for a new region, at least 10; that of the
 *   original is %SHMOOZE_SHARED_TEXT_CAPACITY
 * @error: return location for an error
 *
 * Opens or creates a region to share a text in.
 *
 * A text that the region already contains stays until
 * [method@SharedText.set_text] is called.
 *
 * Fails with %G_IO_ERROR_BUSY if a text is already being shared under this
 * name, with %G_IO_ERROR_INVALID_ARGUMENT if @capacity is too small, with
 * %SHMOOZE_ERROR_LAYOUT if an existing region is too small, and like
 * [ctor@Region.create_or_open].
 *
 * Returns: (transfer full): the shared text
 *
 * Since: 1.0
 */
ShmoozeSharedText *
shmooze_shared_text_share (const char  *name,
                           guint64      capacity,
                           GError     **error)
{
  g_autoptr(ShmoozeSharedText) self = NULL;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (capacity < SHMOOZE_TEXT_CELL_MIN)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("Invalid capacity of %" PRIu64 " bytes: a shared text needs at least %d"), capacity,
                   SHMOOZE_TEXT_CELL_MIN);
      return NULL;
    }
  self = shared_text_new (shmooze_region_create_or_open (name, capacity, SHMOOZE_ACCESS_READ_WRITE, NULL, error),
                          SHMOOZE_ACCESS_READ_WRITE, error);
  if (self == NULL)
    return NULL;
  if (!shmooze_region_try_lock (self->layout.region, SHARER_LOCK))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("A text is already being shared as “%s”; choose another name"), name);
      return NULL;
    }

  self->shares = TRUE;
  return g_steal_pointer (&self);
}

/**
 * shmooze_shared_text_show: (constructor)
 * @name: the region's name; that of the original is %SHMOOZE_SHARED_TEXT_NAME
 * @error: return location for an error
 *
 * Opens a region that a text is shared in, to read the text.
 *
 * Fails with %SHMOOZE_ERROR_LAYOUT if the region is too small, and like
 * [ctor@Region.open].
 *
 * Returns: (transfer full): the shared text
 *
 * Since: 1.0
 */
ShmoozeSharedText *
shmooze_shared_text_show (const char  *name,
                          GError     **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return shared_text_new (shmooze_region_open (name, SHMOOZE_ACCESS_READ, error), SHMOOZE_ACCESS_READ, error);
}

/**
 * shmooze_shared_text_get_name:
 * @self: a shared text
 *
 * Gets the region's name.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
shmooze_shared_text_get_name (ShmoozeSharedText *self)
{
  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), NULL);

  return shmooze_region_get_name (self->layout.region);
}

/**
 * shmooze_shared_text_get_capacity:
 * @self: a shared text
 *
 * Gets the size of the region.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint64
shmooze_shared_text_get_capacity (ShmoozeSharedText *self)
{
  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), 0);

  return shmooze_region_get_capacity (self->layout.region);
}

/**
 * shmooze_shared_text_get_max_units:
 * @self: a shared text
 *
 * Gets the maximum length of a text.
 *
 * Returns: the length in UTF-16 units, which
 *   [func@SharedText.count_units] counts
 *
 * Since: 1.0
 */
guint
shmooze_shared_text_get_max_units (ShmoozeSharedText *self)
{
  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), 0);

  return shmooze_text_cell_get_max_units (self->layout.view);
}

/**
 * shmooze_shared_text_count_units:
 * @text: a valid UTF-8 text
 * @length: the length of @text in bytes, or -1 if it is NUL-terminated
 *
 * Counts the UTF-16 units that a text takes in a region: 2 for a character
 * beyond U+FFFF, such as an emoji, and 1 for any other.
 *
 * Returns: the number of UTF-16 units
 *
 * Since: 1.0
 */
guint
shmooze_shared_text_count_units (const char *text,
                                 gssize      length)
{
  gsize size;
  guint n_units = 0;

  g_return_val_if_fail (text != NULL, 0);

  size = length < 0 ? strlen (text) : (gsize) length;
  for (gsize i = 0; i < size; i++)
    {
      guchar byte = (guchar) text[i];

      /* The first byte of a character counts, and twice when four bytes begin with it. */
      n_units += (byte & 0xc0) != 0x80;
      n_units += byte >= 0xf0;
    }
  return n_units;
}

/* Wakes the readers that sleep on a bell. Looking for new readers costs a system call for each bell, which is not
 * needed at every keystroke: a new reader has just read the text, and polls until its bell is found. */
static void
wake_readers (ShmoozeSharedText *self)
{
  gint64 now = g_get_monotonic_time ();
  gboolean look = now - self->last_look >= LOOK_USEC;

  if (look)
    self->last_look = now;
  for (guint i = 0; i < N_BELLS; i++)
    {
      guint64 number = FIRST_READER_LOCK + i;

      if (self->ringers[i].open || (look && shmooze_region_is_locked (self->layout.region, number)))
        shmooze_ringer_ring (&self->ringers[i], shmooze_region_get_id (self->layout.region), number);
    }
}

/**
 * shmooze_shared_text_set_text:
 * @self: a shared text, created by [ctor@SharedText.share]
 * @text: the text
 * @error: return location for an error
 *
 * Replaces the shared text.
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG if @text has more units than
 * [method@SharedText.get_max_units], %G_IO_ERROR_INVALID_ARGUMENT if it is not
 * valid UTF-8, %G_IO_ERROR_PERMISSION_DENIED if @self was created by
 * [ctor@SharedText.show], %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. The
 * former text stays then.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
shmooze_shared_text_set_text (ShmoozeSharedText  *self,
                              const char         *text,
                              GError            **error)
{
  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!self->shares)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   _("The text in region “%s” was opened for reading only and cannot be changed"),
                   shmooze_region_get_name (self->layout.region));
      return FALSE;
    }
  if (!shmooze_text_cell_write (self->layout.view, text, error))
    return FALSE;

  wake_readers (self);
  return TRUE;
}

/**
 * shmooze_shared_text_dup_text:
 * @self: a shared text
 * @n_units: (out) (optional): return location for the length of the text in
 *   UTF-16 units
 * @error: return location for an error
 *
 * Reads the current text.
 *
 * Unpaired surrogates and NUL are replaced by U+FFFD.
 *
 * Fails with %SHMOOZE_ERROR_CORRUPT if the count is negative or too large,
 * %G_IO_ERROR_BUSY if the text changes all the time, %G_IO_ERROR_CLOSED and
 * %SHMOOZE_ERROR_LOST.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
shmooze_shared_text_dup_text (ShmoozeSharedText  *self,
                              guint              *n_units,
                              GError            **error)
{
  g_autoptr(GBytes) units = NULL;

  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  units = shmooze_text_cell_read (self->layout.view, error);
  if (units == NULL)
    return NULL;
  if (n_units != NULL)
    *n_units = (guint) (g_bytes_get_size (units) / sizeof (guint16));
  return shmooze_text_cell_to_utf8 (units);
}

/**
 * shmooze_shared_text_get_sharer_present:
 * @self: a shared text
 *
 * Gets whether a process that uses this library shares the text. Other
 * programs cannot be detected.
 *
 * Returns: %TRUE if such a process shares the text now
 *
 * Since: 1.0
 */
gboolean
shmooze_shared_text_get_sharer_present (ShmoozeSharedText *self)
{
  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), FALSE);

  return shmooze_view_get_data (self->layout.view) != NULL &&
         shmooze_region_is_locked (self->layout.region, SHARER_LOCK);
}

static void
update_sharer_present (ShmoozeSharedText *self)
{
  gboolean present = shmooze_shared_text_get_sharer_present (self);

  if (present == self->sharer_present)
    return;
  self->sharer_present = present;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHARER_PRESENT]);
}

/* A program that does not use this library holds no lock: that it removes the region is all that shows its end. */
static void
update_removed (ShmoozeSharedText *self)
{
  if (self->removed || shmooze_region_has_name (self->layout.region))
    return;
  self->removed = TRUE;
  g_signal_emit (self, signals[SIGNAL_REMOVED], 0);
}

static void
fail (ShmoozeSharedText *self,
      GError            *error)
{
  /* A text that changes all the time can be read sooner or later. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
    return;
  if (!g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
    {
      shmooze_shared_text_stop_reader (self);
      self->failing = FALSE;  /* a corrupt text may have been reported, which is another failure */
    }
  if (self->failing)
    return;
  self->failing = TRUE;
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

static gboolean
on_poll (gpointer user_data)
{
  g_autoptr(ShmoozeSharedText) self = g_object_ref (user_data);
  g_autoptr(GBytes) units = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  units = shmooze_text_cell_read (self->layout.view, &error);
  if (units == NULL)
    {
      fail (self, error);
      return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY);
    }

  self->failing = FALSE;
  if (self->units != NULL && g_bytes_equal (units, self->units))
    {
      update_sharer_present (self);
      /* A handler may have stopped the reader. */
      if (self->source != NULL)
        update_removed (self);
      return FALSE;
    }

  g_clear_pointer (&self->units, g_bytes_unref);
  self->units = g_steal_pointer (&units);
  text = shmooze_text_cell_to_utf8 (self->units);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, text);
  return TRUE;
}

/* Readers beyond the last bell only poll. */
static void
take_bell (ShmoozeSharedText *self)
{
  for (guint64 number = FIRST_READER_LOCK; number < FIRST_READER_LOCK + N_BELLS && self->bell == 0; number++)
    if (shmooze_region_try_lock (self->layout.region, number))
      self->bell = number;
  if (self->bell != 0)
    shmooze_poll_source_add_bell (self->source, self->layout.region, self->bell);
}

/**
 * shmooze_shared_text_start_reader:
 * @self: a shared text, created by [ctor@SharedText.show]
 *
 * Starts to follow the text: [signal@SharedText::changed] is emitted in the
 * thread-default main context of the caller.
 *
 * The layout has no means to wake a reader, so the region is polled: every
 * few milliseconds while the text changes, slowing down to four times a
 * second. A sharing process that uses this library also wakes up to eight
 * readers at once through a FIFO beside the region.
 *
 * Calling this while reading has no effect.
 *
 * Since: 1.0
 */
void
shmooze_shared_text_start_reader (ShmoozeSharedText *self)
{
  g_return_if_fail (SHMOOZE_IS_SHARED_TEXT (self));
  g_return_if_fail (!self->shares);

  if (self->source != NULL)
    return;

  g_clear_pointer (&self->units, g_bytes_unref);
  self->failing = FALSE;
  self->removed = FALSE;
  self->source = shmooze_poll_source_new ();
  g_source_set_callback (self->source, on_poll, self, NULL);
  take_bell (self);
  self->sharer_present = shmooze_shared_text_get_sharer_present (self);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

/**
 * shmooze_shared_text_stop_reader:
 * @self: a shared text
 *
 * Stops what [method@SharedText.start_reader] started. Calling this while
 * not reading has no effect.
 *
 * Since: 1.0
 */
void
shmooze_shared_text_stop_reader (ShmoozeSharedText *self)
{
  g_return_if_fail (SHMOOZE_IS_SHARED_TEXT (self));

  if (self->source == NULL)
    return;
  shmooze_poll_source_remove_bell (self->source);
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  if (self->bell != 0)
    shmooze_region_unlock (self->layout.region, self->bell);
  self->bell = 0;
}

/**
 * shmooze_shared_text_close:
 * @self: a shared text
 *
 * Stops sharing or showing the text, and releases the region. The last holder
 * of a region removes its name. Calling this again has no effect.
 *
 * Since: 1.0
 */
void
shmooze_shared_text_close (ShmoozeSharedText *self)
{
  g_return_if_fail (SHMOOZE_IS_SHARED_TEXT (self));

  shmooze_shared_text_stop_reader (self);
  for (guint i = 0; i < N_BELLS; i++)
    shmooze_ringer_clear (&self->ringers[i]);
  shmooze_layout_close (&self->layout);
}
