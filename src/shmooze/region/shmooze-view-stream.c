/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-view-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <pthread.h>

/* A view as a stream of fixed length. The stream, its input and its output share one cursor. */

typedef struct
{
  ShmoozeView     *view;    /* NULL once both halves are closed */
  pthread_mutex_t  mutex;
  guint64          size;
  guint64          position;
  guint            n_open;  /* number of open halves */
} Cursor;

struct _ShmoozeViewStream
{
  GIOStream      parent_instance;

  Cursor        *cursor;
  GInputStream  *input;
  GOutputStream *output;
};

struct _ShmoozeViewInput
{
  GInputStream  parent_instance;

  Cursor       *cursor;
};

struct _ShmoozeViewOutput
{
  GOutputStream  parent_instance;

  Cursor        *cursor;
};

static void seekable_init (GSeekableIface *iface);

G_DECLARE_FINAL_TYPE (ShmoozeViewStream, shmooze_view_stream, SHMOOZE, VIEW_STREAM, GIOStream)
G_DECLARE_FINAL_TYPE (ShmoozeViewInput, shmooze_view_input, SHMOOZE, VIEW_INPUT, GInputStream)
G_DECLARE_FINAL_TYPE (ShmoozeViewOutput, shmooze_view_output, SHMOOZE, VIEW_OUTPUT, GOutputStream)

G_DEFINE_FINAL_TYPE_WITH_CODE (ShmoozeViewStream, shmooze_view_stream, G_TYPE_IO_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_SEEKABLE, seekable_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (ShmoozeViewInput, shmooze_view_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_SEEKABLE, seekable_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (ShmoozeViewOutput, shmooze_view_output, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_SEEKABLE, seekable_init))

static void
cursor_clear (gpointer data)
{
  Cursor *self = data;

  g_clear_object (&self->view);
  pthread_mutex_destroy (&self->mutex);
}

static void
cursor_release (Cursor *self)
{
  g_atomic_rc_box_release_full (self, cursor_clear);
}

/* A closed stream releases the view, even if references to the stream remain. */
static gboolean
cursor_close_half (Cursor *self)
{
  g_autoptr(ShmoozeView) view = NULL;

  pthread_mutex_lock (&self->mutex);
  if (--self->n_open == 0)
    view = g_steal_pointer (&self->view);
  pthread_mutex_unlock (&self->mutex);
  return TRUE;
}

static gssize
input_read (GInputStream  *stream,
            void          *buffer,
            gsize          count,
            GCancellable  *cancellable,
            GError       **error)
{
  Cursor *cursor = SHMOOZE_VIEW_INPUT (stream)->cursor;
  gssize n;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;

  pthread_mutex_lock (&cursor->mutex);
  n = shmooze_view_read (cursor->view, cursor->position, buffer, count, error);
  if (n > 0)
    cursor->position += (guint64) n;
  pthread_mutex_unlock (&cursor->mutex);
  return n;
}

static gssize
input_skip (GInputStream  *stream,
            gsize          count,
            GCancellable  *cancellable,
            GError       **error)
{
  Cursor *cursor = SHMOOZE_VIEW_INPUT (stream)->cursor;
  gssize n = -1;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;

  pthread_mutex_lock (&cursor->mutex);
  if (shmooze_view_begin_reading (cursor->view, error) && shmooze_view_end (cursor->view, error))
    {
      n = (gssize) MIN (count, cursor->size - cursor->position);
      cursor->position += (guint64) n;
    }
  pthread_mutex_unlock (&cursor->mutex);
  return n;
}

static gboolean
input_close (GInputStream  *stream,
             GCancellable  *cancellable,
             GError       **error)
{
  return cursor_close_half (SHMOOZE_VIEW_INPUT (stream)->cursor);
}

/* All or nothing, so that the end of the view never holds a part of a value. */
static gboolean
output_writev (GOutputStream        *stream,
               const GOutputVector  *vectors,
               gsize                 n_vectors,
               gsize                *bytes_written,
               GCancellable         *cancellable,
               GError              **error)
{
  Cursor *cursor = SHMOOZE_VIEW_OUTPUT (stream)->cursor;
  gboolean written = TRUE;
  gsize count = 0;

  *bytes_written = 0;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  for (gsize i = 0; i < n_vectors; i++)
    count += vectors[i].size;  /* GOutputStream has checked that the sum fits into a gssize */

  pthread_mutex_lock (&cursor->mutex);
  if (!shmooze_view_begin_writing (cursor->view, error) || !shmooze_view_end (cursor->view, error))
    written = FALSE;
  else if (count > cursor->size - cursor->position)
    {
      written = FALSE;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _("Cannot write %zu bytes at offset %" PRIu64 ": the stream has %" PRIu64 " bytes"),
                   count, cursor->position, cursor->size);
    }
  for (gsize i = 0; written && i < n_vectors; i++)
    {
      written = shmooze_view_write (cursor->view, cursor->position + *bytes_written, vectors[i].buffer,
                                    vectors[i].size, error);
      if (written)
        *bytes_written += vectors[i].size;
    }
  if (written)
    cursor->position += count;
  else
    *bytes_written = 0;
  pthread_mutex_unlock (&cursor->mutex);
  return written;
}

static gssize
output_write (GOutputStream  *stream,
              const void     *buffer,
              gsize           count,
              GCancellable   *cancellable,
              GError        **error)
{
  const GOutputVector vector = { buffer, count };
  gsize n;

  return output_writev (stream, &vector, 1, &n, cancellable, error) ? (gssize) n : -1;
}

static gboolean
output_close (GOutputStream  *stream,
              GCancellable   *cancellable,
              GError        **error)
{
  return cursor_close_half (SHMOOZE_VIEW_OUTPUT (stream)->cursor);
}

static Cursor *
cursor_of (GSeekable *seekable,
           gboolean  *closed)
{
  if (SHMOOZE_IS_VIEW_STREAM (seekable))
    {
      *closed = g_io_stream_is_closed (G_IO_STREAM (seekable));
      return SHMOOZE_VIEW_STREAM (seekable)->cursor;
    }
  if (SHMOOZE_IS_VIEW_INPUT (seekable))
    {
      *closed = g_input_stream_is_closed (G_INPUT_STREAM (seekable));
      return SHMOOZE_VIEW_INPUT (seekable)->cursor;
    }
  *closed = g_output_stream_is_closed (G_OUTPUT_STREAM (seekable));
  return SHMOOZE_VIEW_OUTPUT (seekable)->cursor;
}

/* Locks the cursor. Fails if the stream or the view is closed. */
static Cursor *
lock_open_cursor (GSeekable  *seekable,
                  GError    **error)
{
  gboolean closed;
  Cursor *cursor = cursor_of (seekable, &closed);

  pthread_mutex_lock (&cursor->mutex);
  if (!closed && cursor->view != NULL && shmooze_view_get_data (cursor->view) != NULL)
    return cursor;

  pthread_mutex_unlock (&cursor->mutex);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The stream is closed"));
  return NULL;
}

static goffset
seekable_tell (GSeekable *seekable)
{
  gboolean closed;
  Cursor *cursor = cursor_of (seekable, &closed);
  goffset position;

  pthread_mutex_lock (&cursor->mutex);
  position = (goffset) cursor->position;
  pthread_mutex_unlock (&cursor->mutex);
  return position;
}

static gboolean
seekable_can_seek (GSeekable *seekable)
{
  Cursor *cursor = lock_open_cursor (seekable, NULL);

  if (cursor != NULL)
    pthread_mutex_unlock (&cursor->mutex);
  return cursor != NULL;
}

static gboolean
seekable_seek (GSeekable     *seekable,
               goffset        offset,
               GSeekType      type,
               GCancellable  *cancellable,
               GError       **error)
{
  Cursor *cursor;
  goffset size, base;
  gboolean within;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  cursor = lock_open_cursor (seekable, error);
  if (cursor == NULL)
    return FALSE;

  size = (goffset) cursor->size;
  base = type == G_SEEK_SET ? 0 : type == G_SEEK_CUR ? (goffset) cursor->position : size;
  within = offset >= -base && offset <= size - base;
  if (within)
    cursor->position = (guint64) (base + offset);
  pthread_mutex_unlock (&cursor->mutex);

  if (!within)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _("Cannot seek by %" PRId64 " from offset %" PRId64 ": the stream has %" PRId64 " bytes"),
                 offset, base, size);
  return within;
}

static gboolean
seekable_can_truncate (GSeekable *seekable)
{
  return FALSE;
}

static gboolean
seekable_truncate (GSeekable     *seekable,
                   goffset        offset,
                   GCancellable  *cancellable,
                   GError       **error)
{
  Cursor *cursor = lock_open_cursor (seekable, error);

  if (cursor == NULL)
    return FALSE;

  pthread_mutex_unlock (&cursor->mutex);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _("Cannot truncate the stream: the size of a view is fixed"));
  return FALSE;
}

static void
seekable_init (GSeekableIface *iface)
{
  iface->tell = seekable_tell;
  iface->can_seek = seekable_can_seek;
  iface->seek = seekable_seek;
  iface->can_truncate = seekable_can_truncate;
  iface->truncate_fn = seekable_truncate;
}

static void
shmooze_view_input_finalize (GObject *object)
{
  g_clear_pointer (&SHMOOZE_VIEW_INPUT (object)->cursor, cursor_release);

  G_OBJECT_CLASS (shmooze_view_input_parent_class)->finalize (object);
}

static void
shmooze_view_input_class_init (ShmoozeViewInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = shmooze_view_input_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = input_read;
  G_INPUT_STREAM_CLASS (klass)->skip = input_skip;
  G_INPUT_STREAM_CLASS (klass)->close_fn = input_close;
}

static void
shmooze_view_input_init (ShmoozeViewInput *self)
{
}

static void
shmooze_view_output_finalize (GObject *object)
{
  g_clear_pointer (&SHMOOZE_VIEW_OUTPUT (object)->cursor, cursor_release);

  G_OBJECT_CLASS (shmooze_view_output_parent_class)->finalize (object);
}

static void
shmooze_view_output_class_init (ShmoozeViewOutputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = shmooze_view_output_finalize;
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = output_write;
  G_OUTPUT_STREAM_CLASS (klass)->writev_fn = output_writev;
  G_OUTPUT_STREAM_CLASS (klass)->close_fn = output_close;
}

static void
shmooze_view_output_init (ShmoozeViewOutput *self)
{
}

static GInputStream *
stream_get_input_stream (GIOStream *stream)
{
  return SHMOOZE_VIEW_STREAM (stream)->input;
}

static GOutputStream *
stream_get_output_stream (GIOStream *stream)
{
  return SHMOOZE_VIEW_STREAM (stream)->output;
}

static void
shmooze_view_stream_finalize (GObject *object)
{
  ShmoozeViewStream *self = SHMOOZE_VIEW_STREAM (object);

  /* GIOStream's own dispose has closed both halves by now. */
  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_pointer (&self->cursor, cursor_release);

  G_OBJECT_CLASS (shmooze_view_stream_parent_class)->finalize (object);
}

static void
shmooze_view_stream_class_init (ShmoozeViewStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = shmooze_view_stream_finalize;
  G_IO_STREAM_CLASS (klass)->get_input_stream = stream_get_input_stream;
  G_IO_STREAM_CLASS (klass)->get_output_stream = stream_get_output_stream;
}

static void
shmooze_view_stream_init (ShmoozeViewStream *self)
{
}

/**
 * shmooze_view_open_stream:
 * @self: a view
 * @error: return location for an error
 *
 * Opens the view as a stream. The stream, its input stream and its output
 * stream implement [iface@Gio.Seekable] and share one position, which can be
 * set to any offset from 0 to the size of the view.
 *
 * The size is fixed. Reading at the end of the view returns 0 bytes. A write
 * that does not fit fails with %G_IO_ERROR_NO_SPACE and writes nothing, and
 * truncating fails with %G_IO_ERROR_NOT_SUPPORTED. Apart from that, reading
 * and writing fail like [method@View.read] and [method@View.write].
 *
 * The stream keeps a reference to the view until it is closed. Closing the
 * stream does not close the view. Once the view is closed, the functions of
 * its streams fail with %G_IO_ERROR_CLOSED.
 *
 * Fails with %G_IO_ERROR_CLOSED if the view is closed, and
 * %SHMOOZE_ERROR_LOST if the region is lost.
 *
 * Returns: (transfer full): the stream
 *
 * Since: 1.0
 */
GIOStream *
shmooze_view_open_stream (ShmoozeView  *self,
                          GError      **error)
{
  ShmoozeViewStream *stream;
  ShmoozeViewInput *input;
  ShmoozeViewOutput *output;
  Cursor *cursor;

  g_return_val_if_fail (SHMOOZE_IS_VIEW (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!shmooze_view_begin (self, error) || !shmooze_view_end (self, error))
    return NULL;

  cursor = g_atomic_rc_box_new0 (Cursor);
  cursor->view = g_object_ref (self);
  cursor->size = shmooze_view_get_size (self);
  cursor->n_open = 2;
  pthread_mutex_init (&cursor->mutex, NULL);

  stream = g_object_new (shmooze_view_stream_get_type (), NULL);
  input = g_object_new (shmooze_view_input_get_type (), NULL);
  output = g_object_new (shmooze_view_output_get_type (), NULL);
  stream->cursor = cursor;
  stream->input = G_INPUT_STREAM (input);
  stream->output = G_OUTPUT_STREAM (output);
  input->cursor = g_atomic_rc_box_acquire (cursor);
  output->cursor = g_atomic_rc_box_acquire (cursor);
  return G_IO_STREAM (stream);
}
