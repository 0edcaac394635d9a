/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-lines.h"

#include <string.h>

/* Reads a stream line by line. Unlike GDataInputStream it stores only as much of a line as can be sent, so that a
 * file without line ends does not fill the memory.
 */

#define CHUNK 65536

struct _CtlLines
{
  GObject        parent_instance;

  GInputStream  *stream;
  gsize          max_length;
  GString       *line;
  guint64        length;     /* of the whole line, of which @line keeps the beginning */
  gboolean       ended;
  char          *chunk;
  gsize          start;
  gsize          end;
};

G_DEFINE_FINAL_TYPE (CtlLines, ctl_lines, G_TYPE_OBJECT)

static void
ctl_lines_dispose (GObject *object)
{
  CtlLines *self = CTL_LINES (object);

  g_clear_object (&self->stream);
  if (self->line != NULL)
    g_string_free (g_steal_pointer (&self->line), TRUE);
  g_clear_pointer (&self->chunk, g_free);

  G_OBJECT_CLASS (ctl_lines_parent_class)->dispose (object);
}

static void
ctl_lines_class_init (CtlLinesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ctl_lines_dispose;
}

static void
ctl_lines_init (CtlLines *self)
{
  self->line = g_string_new (NULL);
  self->chunk = g_malloc (CHUNK);
}

CtlLines *
ctl_lines_new (GInputStream *stream,
               gsize         max_length)
{
  CtlLines *self = g_object_new (CTL_TYPE_LINES, NULL);

  self->stream = g_object_ref (stream);
  self->max_length = max_length;

  return self;
}

/* Moves the bytes up to the end of the line, or of the chunk, to the line. */
static gboolean
take_line (CtlLines *self)
{
  const char *start = self->chunk + self->start;
  gsize available = self->end - self->start;
  const char *newline = memchr (start, '\n', available);
  gsize size = newline != NULL ? (gsize) (newline - start) : available;

  g_string_append_len (self->line, start, (gssize) MIN (size, self->max_length - self->line->len));
  self->length += size;
  self->start += size + (newline != NULL ? 1 : 0);

  return newline != NULL;
}

static void on_read (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data);

static void
advance (GTask *task)
{
  CtlLines *self = g_task_get_source_object (task);

  if (take_line (self) || self->ended)
    g_task_return_boolean (task, TRUE);
  else
    g_input_stream_read_async (self->stream, self->chunk, CHUNK, G_PRIORITY_DEFAULT,
                               g_task_get_cancellable (task), on_read, g_object_ref (task));
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  CtlLines *self = g_task_get_source_object (task);
  GError *error = NULL;
  gssize n_read = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (n_read < 0)
    {
      g_task_return_error (task, error);
      return;
    }

  self->start = 0;
  self->end = (gsize) n_read;
  self->ended = n_read == 0;
  advance (task);
}

void
ctl_lines_next_async (CtlLines            *self,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ctl_lines_next_async);
  advance (task);
}

/* Returns the next line without its end, cut at the maximum length, or NULL after the last one. @length is set to
 * the length of the whole line.
 */
char *
ctl_lines_next_finish (CtlLines      *self,
                       GAsyncResult  *result,
                       guint64       *length,
                       GError       **error)
{
  g_autofree char *line = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;

  *length = self->length;

  if (self->ended && self->length == 0)
    return NULL;

  /* Files from Windows have CR LF. */
  if (self->length == self->line->len && g_str_has_suffix (self->line->str, "\r"))
    {
      g_string_truncate (self->line, self->line->len - 1);
      *length -= 1;
    }

  line = g_utf8_make_valid (self->line->str, (gssize) self->line->len);
  g_string_truncate (self->line, 0);
  self->length = 0;

  return g_steal_pointer (&line);
}
