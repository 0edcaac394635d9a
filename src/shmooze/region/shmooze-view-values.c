/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-view-private.h"

/* Single values in a view. All of them go through the two functions that check bounds and access: what is
 * here gives them their types. */

/**
 * shmooze_view_read_int8:
 * @self: a view
 * @position: where the value stands, in bytes from the view's start
 * @value: (out): the value
 * @error: return location for an error
 *
 * Reads a signed 8-bit integer. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not lie wholly
 * within the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_read_int8 (ShmoozeView  *self,
                        guint64       position,
                        gint8        *value,
                        GError      **error)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return shmooze_view_load (self, position, value, sizeof *value, error);
}

/**
 * shmooze_view_write_int8:
 * @self: a view
 * @position: where the value is to stand, in bytes from the view's start
 * @value: the value
 * @error: return location for an error
 *
 * Writes a signed 8-bit integer. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not fit wholly
 * into the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot write,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write_int8 (ShmoozeView  *self,
                         guint64       position,
                         gint8         value,
                         GError      **error)
{
  return shmooze_view_store (self, position, &value, sizeof value, error);
}

/**
 * shmooze_view_read_uint8:
 * @self: a view
 * @position: where the value stands, in bytes from the view's start
 * @value: (out): the value
 * @error: return location for an error
 *
 * Reads an unsigned 8-bit integer. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not lie wholly
 * within the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_read_uint8 (ShmoozeView  *self,
                         guint64       position,
                         guint8       *value,
                         GError      **error)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return shmooze_view_load (self, position, value, sizeof *value, error);
}

/**
 * shmooze_view_write_uint8:
 * @self: a view
 * @position: where the value is to stand, in bytes from the view's start
 * @value: the value
 * @error: return location for an error
 *
 * Writes an unsigned 8-bit integer. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not fit wholly
 * into the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot write,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write_uint8 (ShmoozeView  *self,
                          guint64       position,
                          guint8        value,
                          GError      **error)
{
  return shmooze_view_store (self, position, &value, sizeof value, error);
}

/**
 * shmooze_view_read_int16:
 * @self: a view
 * @position: where the value stands, in bytes from the view's start
 * @value: (out): the value
 * @error: return location for an error
 *
 * Reads a signed 16-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not lie wholly
 * within the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_read_int16 (ShmoozeView  *self,
                         guint64       position,
                         gint16       *value,
                         GError      **error)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return shmooze_view_load (self, position, value, sizeof *value, error);
}

/**
 * shmooze_view_write_int16:
 * @self: a view
 * @position: where the value is to stand, in bytes from the view's start
 * @value: the value
 * @error: return location for an error
 *
 * Writes a signed 16-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not fit wholly
 * into the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot write,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write_int16 (ShmoozeView  *self,
                          guint64       position,
                          gint16        value,
                          GError      **error)
{
  return shmooze_view_store (self, position, &value, sizeof value, error);
}

/**
 * shmooze_view_read_uint16:
 * @self: a view
 * @position: where the value stands, in bytes from the view's start
 * @value: (out): the value
 * @error: return location for an error
 *
 * Reads an unsigned 16-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not lie wholly
 * within the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_read_uint16 (ShmoozeView  *self,
                          guint64       position,
                          guint16      *value,
                          GError      **error)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return shmooze_view_load (self, position, value, sizeof *value, error);
}

/**
 * shmooze_view_write_uint16:
 * @self: a view
 * @position: where the value is to stand, in bytes from the view's start
 * @value: the value
 * @error: return location for an error
 *
 * Writes an unsigned 16-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not fit wholly
 * into the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot write,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write_uint16 (ShmoozeView  *self,
                           guint64       position,
                           guint16       value,
                           GError      **error)
{
  return shmooze_view_store (self, position, &value, sizeof value, error);
}

/**
 * shmooze_view_read_int32:
 * @self: a view
 * @position: where the value stands, in bytes from the view's start
 * @value: (out): the value
 * @error: return location for an error
 *
 * Reads a signed 32-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not lie wholly
 * within the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_read_int32 (ShmoozeView  *self,
                         guint64       position,
                         gint32       *value,
                         GError      **error)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return shmooze_view_load (self, position, value, sizeof *value, error);
}

/**
 * shmooze_view_write_int32:
 * @self: a view
 * @position: where the value is to stand, in bytes from the view's start
 * @value: the value
 * @error: return location for an error
 *
 * Writes a signed 32-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not fit wholly
 * into the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot write,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write_int32 (ShmoozeView  *self,
                          guint64       position,
                          gint32        value,
                          GError      **error)
{
  return shmooze_view_store (self, position, &value, sizeof value, error);
}

/**
 * shmooze_view_read_uint32:
 * @self: a view
 * @position: where the value stands, in bytes from the view's start
 * @value: (out): the value
 * @error: return location for an error
 *
 * Reads an unsigned 32-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not lie wholly
 * within the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_read_uint32 (ShmoozeView  *self,
                          guint64       position,
                          guint32      *value,
                          GError      **error)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return shmooze_view_load (self, position, value, sizeof *value, error);
}

/**
 * shmooze_view_write_uint32:
 * @self: a view
 * @position: where the value is to stand, in bytes from the view's start
 * @value: the value
 * @error: return location for an error
 *
 * Writes an unsigned 32-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not fit wholly
 * into the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot write,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write_uint32 (ShmoozeView  *self,
                           guint64       position,
                           guint32       value,
                           GError      **error)
{
  return shmooze_view_store (self, position, &value, sizeof value, error);
}

/**
 * shmooze_view_read_int64:
 * @self: a view
 * @position: where the value stands, in bytes from the view's start
 * @value: (out): the value
 * @error: return location for an error
 *
 * Reads a signed 64-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not lie wholly
 * within the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_read_int64 (ShmoozeView  *self,
                         guint64       position,
                         gint64       *value,
                         GError      **error)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return shmooze_view_load (self, position, value, sizeof *value, error);
}

/**
 * shmooze_view_write_int64:
 * @self: a view
 * @position: where the value is to stand, in bytes from the view's start
 * @value: the value
 * @error: return location for an error
 *
 * Writes a signed 64-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not fit wholly
 * into the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot write,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write_int64 (ShmoozeView  *self,
                          guint64       position,
                          gint64        value,
                          GError      **error)
{
  return shmooze_view_store (self, position, &value, sizeof value, error);
}

/**
 * shmooze_view_read_uint64:
 * @self: a view
 * @position: where the value stands, in bytes from the view's start
 * @value: (out): the value
 * @error: return location for an error
 *
 * Reads an unsigned 64-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not lie wholly
 * within the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_read_uint64 (ShmoozeView  *self,
                          guint64       position,
                          guint64      *value,
                          GError      **error)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return shmooze_view_load (self, position, value, sizeof *value, error);
}

/**
 * shmooze_view_write_uint64:
 * @self: a view
 * @position: where the value is to stand, in bytes from the view's start
 * @value: the value
 * @error: return location for an error
 *
 * Writes an unsigned 64-bit integer in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not fit wholly
 * into the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot write,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write_uint64 (ShmoozeView  *self,
                           guint64       position,
                           guint64       value,
                           GError      **error)
{
  return shmooze_view_store (self, position, &value, sizeof value, error);
}

/**
 * shmooze_view_read_float:
 * @self: a view
 * @position: where the value stands, in bytes from the view's start
 * @value: (out): the value
 * @error: return location for an error
 *
 * Reads a single-precision number in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not lie wholly
 * within the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_read_float (ShmoozeView  *self,
                         guint64       position,
                         gfloat       *value,
                         GError      **error)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return shmooze_view_load (self, position, value, sizeof *value, error);
}

/**
 * shmooze_view_write_float:
 * @self: a view
 * @position: where the value is to stand, in bytes from the view's start
 * @value: the value
 * @error: return location for an error
 *
 * Writes a single-precision number in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not fit wholly
 * into the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot write,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write_float (ShmoozeView  *self,
                          guint64       position,
                          gfloat        value,
                          GError      **error)
{
  return shmooze_view_store (self, position, &value, sizeof value, error);
}

/**
 * shmooze_view_read_double:
 * @self: a view
 * @position: where the value stands, in bytes from the view's start
 * @value: (out): the value
 * @error: return location for an error
 *
 * Reads a double-precision number in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not lie wholly
 * within the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_read_double (ShmoozeView  *self,
                          guint64       position,
                          gdouble      *value,
                          GError      **error)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return shmooze_view_load (self, position, value, sizeof *value, error);
}

/**
 * shmooze_view_write_double:
 * @self: a view
 * @position: where the value is to stand, in bytes from the view's start
 * @value: the value
 * @error: return location for an error
 *
 * Writes a double-precision number in the machine's byte order. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not fit wholly
 * into the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot write,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write_double (ShmoozeView  *self,
                           guint64       position,
                           gdouble       value,
                           GError      **error)
{
  return shmooze_view_store (self, position, &value, sizeof value, error);
}

/**
 * shmooze_view_read_boolean:
 * @self: a view
 * @position: where the value stands, in bytes from the view's start
 * @value: (out): the value
 * @error: return location for an error
 *
 * Reads a boolean of one byte: anything but 0 is `TRUE`. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not lie wholly
 * within the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
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
 * @position: where the value is to stand, in bytes from the view's start
 * @value: the value
 * @error: return location for an error
 *
 * Writes a boolean of one byte, 1 or 0. Any alignment will do.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the value does not fit wholly
 * into the view, %G_IO_ERROR_NOT_SUPPORTED when the view cannot write,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
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
