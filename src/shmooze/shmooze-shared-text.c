/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-shared-text.h"

#include "shmooze-poll-private.h"
#include "shmooze-region-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

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

#define TEXT_AT 10

/* How often a reader looks again at a text that changes under its eyes. */
#define MAX_LOOKS 100

struct _ShmoozeSharedText
{
  GObject        parent_instance;

  ShmoozeRegion *region;
  ShmoozeView   *view;
  gboolean       shares;
  GArray        *units;     /* what the reader saw last */
  gboolean       seen;
  gboolean       failing;
  GSource       *source;
};

G_DEFINE_FINAL_TYPE (ShmoozeSharedText, shmooze_shared_text, G_TYPE_OBJECT)

typedef enum
{
  PROP_NAME = 1,
  PROP_CAPACITY
} Property;

static GParamSpec *properties[PROP_CAPACITY + 1];

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

static guint
max_units (ShmoozeSharedText *self)
{
  guint64 n = (shmooze_view_get_size (self->view) - TEXT_AT) / sizeof (guint16);

  return (guint) MIN (n, G_MAXINT32);
}

static _Atomic (gint32) *
count_of (ShmoozeSharedText *self)
{
  return shmooze_view_get_data (self->view);
}

static guint16 *
text_of (ShmoozeSharedText *self)
{
  return (guint16 *) ((char *) shmooze_view_get_data (self->view) + TEXT_AT);
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
  if (shmooze_region_get_capacity (region) < TEXT_AT)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                   _("The region “%s” has %" PRIu64 " bytes; a shared text takes %d at least"),
                   shmooze_region_get_name (region), shmooze_region_get_capacity (region), TEXT_AT);
      return NULL;
    }
  self->view = shmooze_region_create_view (region, 0, 0, access, error);
  return self->view != NULL ? g_steal_pointer (&self) : NULL;
}

/* Copies what stands in the region. The writer may be at work: two looks have to agree. */
static gboolean
look (ShmoozeSharedText  *self,
      GArray             *units,
      GError            **error)
{
  for (guint i = 0; i < MAX_LOOKS; i++)
    {
      gint32 count = GINT32_FROM_LE (atomic_load_explicit (count_of (self), memory_order_acquire));
      gsize size;

      if (count < 0 || (guint) count > max_units (self))
        {
          g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
                       _("The region “%s” claims a text of %" PRId32 " units, which cannot be: it has room for %u"),
                       shmooze_region_get_name (self->region), count, max_units (self));
          return FALSE;
        }
      size = (gsize) count * sizeof (guint16);
      g_array_set_size (units, (guint) count);
      if (count > 0)
        memcpy (units->data, text_of (self), size);
      if (GINT32_FROM_LE (atomic_load_explicit (count_of (self), memory_order_acquire)) == count &&
          (count == 0 || memcmp (units->data, text_of (self), size) == 0))
        return TRUE;
    }

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, _("The text in “%s” changes too quickly to be read; try again"),
               shmooze_region_get_name (self->region));
  return FALSE;
}

static gboolean
read_units (ShmoozeSharedText  *self,
            GArray             *units,
            GError            **error)
{
  gboolean whole;

  if (!shmooze_view_begin_reading (self->view, error))
    return FALSE;
  whole = look (self, units, error);
  return shmooze_view_end (self->view, whole ? error : NULL) && whole;
}

/* The units as text; what is none is replaced. */
static char *
units_to_text (GArray *units)
{
  g_autofree guint16 *copy = g_new (guint16, units->len + 1);  /* never NULL */
  char *text;

  for (guint i = 0; i < units->len; i++)
    copy[i] = GUINT16_FROM_LE (g_array_index (units, guint16, i));
  for (guint i = 0; i < units->len; i++)
    {
      gboolean high = (copy[i] & 0xfc00) == 0xd800;

      if (high && i + 1 < units->len && (copy[i + 1] & 0xfc00) == 0xdc00)
        i++;
      else if (high || (copy[i] & 0xfc00) == 0xdc00 || copy[i] == 0)
        copy[i] = 0xfffd;
    }
  text = g_utf16_to_utf8 (copy, units->len, NULL, NULL, NULL);
  g_assert (text != NULL);
  return text;
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

  if (capacity < TEXT_AT)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("%" PRIu64 " bytes are too few for a shared text, which takes %d at least"), capacity, TEXT_AT);
      return NULL;
    }
  self = shared_text_new (shmooze_region_create_or_open (name, capacity, SHMOOZE_ACCESS_READ_WRITE, NULL, error),
                          SHMOOZE_ACCESS_READ_WRITE, error);
  if (self == NULL)
    return NULL;
  if (!shmooze_region_try_lock (self->region, 0))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("Somebody shares a text as “%s” already; choose another name"), name);
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
  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), 0);

  return max_units (self);
}

/* How many units of what stands there, of @count units, the text begins with as well; no half of a pair. */
static guint
common_beginning (ShmoozeSharedText *self,
                  gint32             count,
                  const guint16     *units,
                  guint              n_units)
{
  const guint16 *there = text_of (self);
  guint n = 0;

  if (count < 0 || (guint) count > max_units (self))
    return 0;
  while (n < (guint) count && n < n_units && there[n] == units[n])
    n++;
  if (n > 0 && (GUINT16_FROM_LE (units[n - 1]) & 0xfc00) == 0xd800)
    n--;
  return n;
}

static void
publish (ShmoozeSharedText *self,
         const guint16     *units,
         guint              n_units)
{
  gint32 count = GINT32_FROM_LE (atomic_load_explicit (count_of (self), memory_order_acquire));
  guint common = common_beginning (self, count, units, n_units);

  /* First the count shrinks to what stays: an exchange, so that no store to the text comes before it.
   * Then the text, then its count. */
  if (count != (gint32) common)
    atomic_exchange (count_of (self), GINT32_TO_LE ((gint32) common));
  memcpy (text_of (self) + common, units + common, (n_units - common) * sizeof *units);
  atomic_store_explicit (count_of (self), GINT32_TO_LE ((gint32) n_units), memory_order_release);
}

/**
 * shmooze_shared_text_set_text:
 * @self: a shared text, of [ctor@SharedText.share]
 * @text: the text
 * @error: return location for an error
 *
 * Puts a text into the region, in place of the former one.
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG when it has more units than
 * [method@SharedText.get_max_units]; the former text stays. Fails with
 * %G_IO_ERROR_INVALID_ARGUMENT when @text is not UTF-8,
 * %G_IO_ERROR_PERMISSION_DENIED when this object only shows the text,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_shared_text_set_text (ShmoozeSharedText  *self,
                              const char         *text,
                              GError            **error)
{
  g_autofree guint16 *units = NULL;
  glong n_units;

  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!self->shares)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   _("The text in “%s” is only shown here; it cannot be changed"),
                   shmooze_region_get_name (self->region));
      return FALSE;
    }
  units = g_utf8_to_utf16 (text, -1, NULL, &n_units, NULL);
  if (units == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _("The text is not UTF-8"));
      return FALSE;
    }
  if (n_units > (glong) max_units (self))
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                   _("The text takes %ld units (UTF-16), “%s” has room for %u"), n_units,
                   shmooze_region_get_name (self->region), max_units (self));
      return FALSE;
    }
  if (!shmooze_view_begin_writing (self->view, error))
    return FALSE;

  for (glong i = 0; i < n_units; i++)
    units[i] = GUINT16_TO_LE (units[i]);
  publish (self, units, (guint) n_units);
  return shmooze_view_end (self->view, error);
}

/**
 * shmooze_shared_text_dup_text:
 * @self: a shared text
 * @n_units: (out) (optional): how many UTF-16 units it has
 * @error: return location for an error
 *
 * Reads the text as it is now. What is no text in it (halves of a pair, NUL)
 * comes as U+FFFD.
 *
 * Fails with %SHMOOZE_ERROR_CORRUPT when the count cannot be,
 * %G_IO_ERROR_BUSY when the text changes all the time, %G_IO_ERROR_CLOSED
 * and %SHMOOZE_ERROR_LOST. Nothing is changed then.
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
  g_autoptr(GArray) units = g_array_new (FALSE, FALSE, sizeof (guint16));

  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!read_units (self, units, error))
    return NULL;
  if (n_units != NULL)
    *n_units = units->len;
  return units_to_text (units);
}

static gboolean
on_look (gpointer user_data)
{
  g_autoptr(ShmoozeSharedText) self = g_object_ref (user_data);
  g_autoptr(GArray) units = g_array_new (FALSE, FALSE, sizeof (guint16));
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  if (!read_units (self, units, &error))
    {
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
        return TRUE;
      if (!g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
        shmooze_shared_text_stop_reader (self);
      if (!self->failing)
        {
          self->failing = TRUE;
          g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
        }
      return FALSE;
    }

  self->failing = FALSE;
  if (self->seen && units->len == self->units->len &&
      (units->len == 0 || memcmp (units->data, self->units->data, units->len * sizeof (guint16)) == 0))
    return FALSE;

  self->seen = TRUE;
  g_array_set_size (self->units, 0);
  if (units->len > 0)
    g_array_append_vals (self->units, units->data, units->len);
  text = units_to_text (units);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, text);
  return TRUE;
}

/**
 * shmooze_shared_text_start_reader:
 * @self: a shared text, of [ctor@SharedText.show]
 *
 * Follows the text: [signal@SharedText::changed] is emitted on the
 * thread-default main context of this call, from its next turn on. As the
 * layout has no bell, the region is looked at, every few milliseconds while
 * the text changes, four times a second after.
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

  self->seen = FALSE;
  self->failing = FALSE;
  self->source = shmooze_poll_source_new ();
  g_source_set_callback (self->source, on_look, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

/**
 * shmooze_shared_text_stop_reader:
 * @self: a shared text
 *
 * Ends what [method@SharedText.start_reader] began. To do so twice is fine.
 *
 * Since: 1.0
 */
void
shmooze_shared_text_stop_reader (ShmoozeSharedText *self)
{
  g_return_if_fail (SHMOOZE_IS_SHARED_TEXT (self));

  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
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
  if (self->view != NULL)
    shmooze_view_close (self->view);
  if (self->region != NULL)
    shmooze_region_close (self->region);
}
