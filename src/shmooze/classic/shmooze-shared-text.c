/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-shared-text-private.h"

#include "region/shmooze-region-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

/**
 * ShmoozeSharedText:
 *
 * A text that one process shares and others show, in the layout of the
 * classic server and client: a count of UTF-16 units (an `int32`) at 0, the
 * text as little-endian UTF-16 from 10.
 *
 * One object shares a text by a name, [ctor@SharedText.share]; any number of
 * others show it, [ctor@SharedText.show]. A program that was written for the
 * original can be on either side.
 *
 * Who shares puts the text there before its count, and while the text
 * changes, the count covers only what stays the same: a reader finds a whole
 * text or the beginning of one, never a count without its text.
 *
 * Methods and signals belong to one thread, that of the main context.
 *
 * Since: 1.0
 */

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

  g_clear_object (&self->view);
  g_clear_object (&self->region);
  g_array_unref (self->units);

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
      g_value_set_string (value, shmooze_region_get_name (self->region));
      break;
    case PROP_CAPACITY:
      g_value_set_uint64 (value, shmooze_region_get_capacity (self->region));
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
   * Whether a process that uses this library shares the text. While the text
   * is followed, changes are notified.
   *
   * Since: 1.0
   */
  properties[PROP_SHARER_PRESENT] = g_param_spec_boolean ("sharer-present", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * ShmoozeSharedText::changed:
   * @self: the shared text
   * @text: the text as it is now
   *
   * Emitted between [method@SharedText.start_reader] and
   * [method@SharedText.stop_reader] for the text that stands there, and
   * whenever it has changed.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", SHMOOZE_TYPE_SHARED_TEXT, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  /**
   * ShmoozeSharedText::failed:
   * @self: the shared text
   * @error: what is wrong
   *
   * Emitted while reading, once for each time that things go wrong: when the
   * region breaks the rules of its layout (%SHMOOZE_ERROR_CORRUPT; reading
   * goes on, for the writer may mend it) or is lost (%SHMOOZE_ERROR_LOST;
   * reading ends).
   *
   * Since: 1.0
   */
  signals[SIGNAL_FAILED] = g_signal_new ("failed", SHMOOZE_TYPE_SHARED_TEXT, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
shmooze_shared_text_init (ShmoozeSharedText *self)
{
  self->units = g_array_new (FALSE, FALSE, sizeof (guint16));
}

_Atomic (gint32) *
shmooze_shared_text_get_count (ShmoozeSharedText *self)
{
  return shmooze_view_get_data (self->view);
}

guint16 *
shmooze_shared_text_get_units (ShmoozeSharedText *self)
{
  return (guint16 *) ((char *) shmooze_view_get_data (self->view) + SHMOOZE_SHARED_TEXT_AT);
}

void
shmooze_shared_text_fail (ShmoozeSharedText *self,
                          GError            *error)
{
  if (self->failing)
    return;
  self->failing = TRUE;
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

void
shmooze_shared_text_tell (ShmoozeSharedText *self,
                          const char        *text)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, text);
}

/* Takes over @region. */
static ShmoozeSharedText *
shared_text_new (ShmoozeRegion  *region,
                 ShmoozeAccess   access,
                 GError        **error)
{
  g_autoptr(ShmoozeSharedText) self = NULL;

  if (region == NULL)
    return NULL;

  self = g_object_new (SHMOOZE_TYPE_SHARED_TEXT, NULL);
  self->region = region;
  if (shmooze_region_get_capacity (region) < SHMOOZE_SHARED_TEXT_AT)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                   _("Region “%s” has %" PRIu64 " bytes; a shared text needs at least %d"),
                   shmooze_region_get_name (region), shmooze_region_get_capacity (region), SHMOOZE_SHARED_TEXT_AT);
      return NULL;
    }
  self->view = shmooze_region_create_view (region, 0, 0, access, error);
  return self->view != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * shmooze_shared_text_share: (constructor)
 * @name: the region's name; the classic one is %SHMOOZE_SHARED_TEXT_NAME
 * @capacity: the size in bytes for a new region, at least 10; the classic
 *   one is %SHMOOZE_SHARED_TEXT_CAPACITY
 * @error: return location for an error
 *
 * Begins to share a text. A text that stands there already stays until
 * [method@SharedText.set_text].
 *
 * Fails with %G_IO_ERROR_BUSY when somebody else shares a text by this name,
 * with %SHMOOZE_ERROR_LAYOUT when the region is too small, and like
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

  if (capacity < SHMOOZE_SHARED_TEXT_AT)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("Invalid capacity of %" PRIu64 " bytes: a shared text needs at least %d"), capacity,
                   SHMOOZE_SHARED_TEXT_AT);
      return NULL;
    }
  self = shared_text_new (shmooze_region_create_or_open (name, capacity, SHMOOZE_ACCESS_READ_WRITE, NULL, error),
                          SHMOOZE_ACCESS_READ_WRITE, error);
  if (self == NULL)
    return NULL;
  if (!shmooze_region_try_lock (self->region, SHMOOZE_SHARED_TEXT_SHARER_LOCK))
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
 * @name: the region's name; the classic one is %SHMOOZE_SHARED_TEXT_NAME
 * @error: return location for an error
 *
 * Opens a text that somebody shares.
 *
 * Fails with %SHMOOZE_ERROR_LAYOUT when the region is too small, and like
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

  return shmooze_region_get_name (self->region);
}

/**
 * shmooze_shared_text_get_capacity:
 * @self: a shared text
 *
 * Gets the region's size.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint64
shmooze_shared_text_get_capacity (ShmoozeSharedText *self)
{
  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), 0);

  return shmooze_region_get_capacity (self->region);
}

/**
 * shmooze_shared_text_get_max_units:
 * @self: a shared text
 *
 * Gets how long a text can be.
 *
 * Returns: the length in UTF-16 units: one for most characters, two for
 *   emoji and rare scripts
 *
 * Since: 1.0
 */
guint
shmooze_shared_text_get_max_units (ShmoozeSharedText *self)
{
  guint64 n;

  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), 0);

  n = (shmooze_view_get_size (self->view) - SHMOOZE_SHARED_TEXT_AT) / sizeof (guint16);
  return (guint) MIN (n, G_MAXINT32);
}

/**
 * shmooze_shared_text_close:
 * @self: a shared text
 *
 * Ends the sharing or showing. When this was the region's last holder, its
 * name goes. To close it twice is fine.
 *
 * Since: 1.0
 */
void
shmooze_shared_text_close (ShmoozeSharedText *self)
{
  g_return_if_fail (SHMOOZE_IS_SHARED_TEXT (self));

  shmooze_shared_text_stop_reader (self);
  for (guint i = 0; i < G_N_ELEMENTS (self->ringers); i++)
    shmooze_ringer_clear (&self->ringers[i]);
  if (self->view != NULL)
    shmooze_view_close (self->view);
  if (self->region != NULL)
    shmooze_region_close (self->region);
}
