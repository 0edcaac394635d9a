/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-view-private.h"

/* Single values in a view. shmooze_view_load() and shmooze_view_store() check bounds and access and copy an aligned
 * value in one piece; the functions here only give the values their types. */

#define DEFINE_VALUE(name, type) \
  gboolean \
  shmooze_view_read_##name (ShmoozeView  *self, \
                            guint64       position, \
                            type         *value, \
                            GError      **error) \
  { \
    g_return_val_if_fail (value != NULL, FALSE); \
    return shmooze_view_load (self, position, value, sizeof *value, error); \
  } \
  \
  gboolean \
  shmooze_view_write_##name (ShmoozeView  *self, \
                             guint64       position, \
                             type          value, \
                             GError      **error) \
  { \
    return shmooze_view_store (self, position, &value, sizeof value, error); \
  }

/**
 * shmooze_view_read_int8:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: (out): return location for the value
 * @error: return location for an error
 *
 * Reads a signed 8-bit integer.
 *
 * Fails like [method@View.read], and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * value does not lie entirely within the view.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
/**
 * shmooze_view_write_int8:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: the value
 * @error: return location for an error
 *
 * Writes a signed 8-bit integer.
 *
 * Fails like [method@View.write].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
DEFINE_VALUE (int8, gint8)

/**
 * shmooze_view_read_uint8:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: (out): return location for the value
 * @error: return location for an error
 *
 * Reads an unsigned 8-bit integer.
 *
 * Fails like [method@View.read], and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * value does not lie entirely within the view.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
/**
 * shmooze_view_write_uint8:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: the value
 * @error: return location for an error
 *
 * Writes an unsigned 8-bit integer.
 *
 * Fails like [method@View.write].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
DEFINE_VALUE (uint8, guint8)

/**
 * shmooze_view_read_int16:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: (out): return location for the value
 * @error: return location for an error
 *
 * Reads a signed 16-bit integer, in host byte order.
 *
 * Fails like [method@View.read], and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * value does not lie entirely within the view.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
/**
 * shmooze_view_write_int16:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: the value
 * @error: return location for an error
 *
 * Writes a signed 16-bit integer, in host byte order.
 *
 * Fails like [method@View.write].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
DEFINE_VALUE (int16, gint16)

/**
 * shmooze_view_read_uint16:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: (out): return location for the value
 * @error: return location for an error
 *
 * Reads an unsigned 16-bit integer, in host byte order.
 *
 * Fails like [method@View.read], and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * value does not lie entirely within the view.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
/**
 * shmooze_view_write_uint16:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: the value
 * @error: return location for an error
 *
 * Writes an unsigned 16-bit integer, in host byte order.
 *
 * Fails like [method@View.write].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
DEFINE_VALUE (uint16, guint16)

/**
 * shmooze_view_read_int32:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: (out): return location for the value
 * @error: return location for an error
 *
 * Reads a signed 32-bit integer, in host byte order.
 *
 * Fails like [method@View.read], and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * value does not lie entirely within the view.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
/**
 * shmooze_view_write_int32:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: the value
 * @error: return location for an error
 *
 * Writes a signed 32-bit integer, in host byte order.
 *
 * Fails like [method@View.write].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
DEFINE_VALUE (int32, gint32)

/**
 * shmooze_view_read_uint32:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: (out): return location for the value
 * @error: return location for an error
 *
 * Reads an unsigned 32-bit integer, in host byte order.
 *
 * Fails like [method@View.read], and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * value does not lie entirely within the view.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
/**
 * shmooze_view_write_uint32:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: the value
 * @error: return location for an error
 *
 * Writes an unsigned 32-bit integer, in host byte order.
 *
 * Fails like [method@View.write].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
DEFINE_VALUE (uint32, guint32)

/**
 * shmooze_view_read_int64:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: (out): return location for the value
 * @error: return location for an error
 *
 * Reads a signed 64-bit integer, in host byte order.
 *
 * Fails like [method@View.read], and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * value does not lie entirely within the view.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
/**
 * shmooze_view_write_int64:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: the value
 * @error: return location for an error
 *
 * Writes a signed 64-bit integer, in host byte order.
 *
 * Fails like [method@View.write].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
DEFINE_VALUE (int64, gint64)

/**
 * shmooze_view_read_uint64:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: (out): return location for the value
 * @error: return location for an error
 *
 * Reads an unsigned 64-bit integer, in host byte order.
 *
 * Fails like [method@View.read], and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * value does not lie entirely within the view.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
/**
 * shmooze_view_write_uint64:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: the value
 * @error: return location for an error
 *
 * Writes an unsigned 64-bit integer, in host byte order.
 *
 * Fails like [method@View.write].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
DEFINE_VALUE (uint64, guint64)

/**
 * shmooze_view_read_float:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: (out): return location for the value
 * @error: return location for an error
 *
 * Reads a single-precision number, in host byte order.
 *
 * Fails like [method@View.read], and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * value does not lie entirely within the view.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
/**
 * shmooze_view_write_float:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: the value
 * @error: return location for an error
 *
 * Writes a single-precision number, in host byte order.
 *
 * Fails like [method@View.write].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
DEFINE_VALUE (float, gfloat)

/**
 * shmooze_view_read_double:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: (out): return location for the value
 * @error: return location for an error
 *
 * Reads a double-precision number, in host byte order.
 *
 * Fails like [method@View.read], and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * value does not lie entirely within the view.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
/**
 * shmooze_view_write_double:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: the value
 * @error: return location for an error
 *
 * Writes a double-precision number, in host byte order.
 *
 * Fails like [method@View.write].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
DEFINE_VALUE (double, gdouble)

/**
 * shmooze_view_read_boolean:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: (out): return location for the value
 * @error: return location for an error
 *
 * Reads a boolean that takes one byte: any value but 0 is `TRUE`.
 *
 * Fails like [method@View.read], and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * value does not lie entirely within the view.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
shmooze_view_read_boolean (ShmoozeView  *self,
                           guint64       position,
                           gboolean     *value,
                           GError      **error)
{
  guint8 byte;

  g_return_val_if_fail (value != NULL, FALSE);

  if (!shmooze_view_load (self, position, &byte, sizeof byte, error))
    return FALSE;
  *value = byte != 0;
  return TRUE;
}

/**
 * shmooze_view_write_boolean:
 * @self: a view
 * @position: offset of the value in the view, in bytes; it need not be aligned
 * @value: the value
 * @error: return location for an error
 *
 * Writes a boolean that takes one byte: 1 or 0.
 *
 * Fails like [method@View.write].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write_boolean (ShmoozeView  *self,
                            guint64       position,
                            gboolean      value,
                            GError      **error)
{
  const guint8 byte = value ? 1 : 0;

  return shmooze_view_store (self, position, &byte, sizeof byte, error);
}
