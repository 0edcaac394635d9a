/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-line-format.h"
#include "ctl-line.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>
#include <string.h>

/* The turns in which two programs replace one line, each holding the mutex. The layout has no bell, so the
 * region is looked at: quickly while something moves, ever more slowly after.
 */

#define FIRST_PAUSE_MSEC 1
#define LAST_PAUSE_MSEC 250
#define PATIENCE_SECONDS 2

#define OWN "> "
#define OTHER "< "
#define BYTE_ORDER_MARK "\357\273\277"

static void take_turn (CtlLine *self);

/* The region or the mutex is of no use any more. */
static void
fail (CtlLine      *self,
      const GError *error)
{
  if (!self->failed)
    ctl_talk_report (&self->talk, error->message);

  self->failed = TRUE;
  ctl_talk_finish (&self->talk, CTL_EXIT_FAILED);
}

static gboolean
is_known (CtlLine *self,
          GBytes  *line)
{
  if (line == NULL || self->known == NULL)
    return line == self->known;

  return g_bytes_equal (line, self->known);
}

static void
show (CtlLine *self,
      GBytes  *line)
{
  gsize size;
  const char *bytes = g_bytes_get_data (line, &size);
  g_autofree char *text = size > 0 ? g_utf8_make_valid (bytes, (gssize) size) : g_strdup ("");
  const char *start = g_str_has_prefix (text, BYTE_ORDER_MARK) ? text + strlen (BYTE_ORDER_MARK) : text;

  ctl_talk_other (&self->talk, self->talk.prompt != NULL ? OTHER : "", start);
}

/* What the other side has written since, while the mutex is ours; NULL: nothing. */
static GBytes *
take_news (CtlLine  *self,
           GError  **error)
{
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GError) local_error = NULL;
  gboolean former = self->broken;

  self->broken = !ctl_line_format_read (self->stream, &line, &local_error);
  if (self->broken)
    {
      /* A broken line is told once. */
      if (!former || !g_error_matches (local_error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
        g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  if (is_known (self, line))
    return NULL;

  g_clear_pointer (&self->known, g_bytes_unref);
  self->known = g_steal_pointer (&line);
  return self->known != NULL ? g_bytes_ref (self->known) : NULL;
}

/* The waiting line, while the mutex is ours. */
static gboolean
write_line (CtlLine  *self,
            GBytes   *line,
            GError  **error)
{
  if (!ctl_line_format_write (self->stream, line, error))
    return FALSE;

  g_clear_pointer (&self->known, g_bytes_unref);
  self->known = g_bytes_ref (line);
  self->broken = FALSE;

  return TRUE;
}

static void
unlock (CtlLine *self)
{
  g_autoptr (GError) error = NULL;

  if (!shmooze_mutex_unlock (self->mutex, &error))
    fail (self, error);
}

/* Only when the mutex is free again: whoever reads what we print may take his time. */
static void
tell (CtlLine           *self,
      ShmoozeLockResult  locked,
      GBytes            *news,
      const GError      *error)
{
  if (locked == SHMOOZE_LOCK_ABANDONED)
    {
      g_autofree char *message = NULL;

      message = g_strdup_printf (_("The previous holder of the mutex “%s” died while holding it."),
                                 shmooze_mutex_get_name (self->mutex));
      ctl_talk_note (&self->talk, message);
    }

  if (news != NULL)
    show (self, news);
  else if (g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
    ctl_talk_report (&self->talk, error->message);
  else if (error != NULL)
    fail (self, error);
}

/* Without the mutex: what may be half a line is not looked at, only whether it is another one. */
static gboolean
has_changed (CtlLine *self)
{
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GError) error = NULL;

  if (ctl_line_format_read (self->stream, &line, &error))
    return self->broken || !is_known (self, line);
  if (g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
    return !self->broken;

  fail (self, error);
  return FALSE;
}

/* FALSE: nothing new, or somebody is just writing it. */
static gboolean
hear_if_changed (CtlLine *self)
{
  g_autoptr (GBytes) news = NULL;
  g_autoptr (GError) error = NULL;
  ShmoozeLockResult locked;

  if (self->busy || !has_changed (self))
    return FALSE;

  locked = shmooze_mutex_lock (self->mutex, 0, NULL, &error);
  if (locked == SHMOOZE_LOCK_FAILED)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        fail (self, error);
      return FALSE;
    }

  news = take_news (self, &error);
  unlock (self);
  tell (self, locked, news, error);

  return TRUE;
}

static gboolean
on_look (gpointer user_data)
{
  CtlLine *self = user_data;

  self->pause_msec = hear_if_changed (self) ? FIRST_PAUSE_MSEC : MIN (self->pause_msec * 2, LAST_PAUSE_MSEC);
  self->look = g_timeout_add (self->pause_msec, on_look, self);

  return G_SOURCE_REMOVE;
}

/* What we have written, the other side may answer at once. */
static void
look_soon (CtlLine *self)
{
  g_clear_handle_id (&self->look, g_source_remove);
  self->pause_msec = FIRST_PAUSE_MSEC;
  self->look = g_timeout_add (self->pause_msec, on_look, self);
}

static gboolean
on_patience (gpointer user_data)
{
  CtlLine *self = user_data;
  g_autofree char *message = NULL;

  message = g_strdup_printf (_("Another program holds the mutex “%s”. Waiting."), shmooze_mutex_get_name (self->mutex));
  ctl_talk_note (&self->talk, message);

  self->patience = 0;
  return G_SOURCE_REMOVE;
}

static void
on_send (const char *text,
         gpointer    user_data)
{
  CtlLine *self = user_data;
  /* Some take it for a line end. */
  g_autofree char *line = g_strdelimit (g_strdup (text), "\r", ' ');

  ctl_talk_own (&self->talk, OWN, line);
  g_queue_push_tail (&self->waiting, g_bytes_new (line, strlen (line)));
  take_turn (self);
}

static void
listen_to_input (CtlLine *self)
{
  static const CtlTalkFuncs funcs = { on_send, NULL };

  ctl_talk_start (&self->talk, (gsize) shmooze_view_get_size (self->view) - CTL_LINE_FORMAT_END_SIZE, &funcs, self);
}

/* The mutex is ours: first what the other side has written, which ours replaces. */
static void
use_turn (CtlLine           *self,
          ShmoozeLockResult  locked)
{
  g_autoptr (GBytes) news = NULL;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GError) news_error = NULL;
  g_autoptr (GError) error = NULL;

  news = take_news (self, &news_error);
  line = g_queue_peek_head (&self->waiting) != NULL ? g_bytes_ref (g_queue_peek_head (&self->waiting)) : NULL;
  if (line != NULL && write_line (self, line, &error))
    g_bytes_unref (g_queue_pop_head (&self->waiting));
  unlock (self);
  tell (self, locked, news, news_error);

  if (error != NULL)
    fail (self, error);
  else if (line != NULL)
    ctl_talk_sent (&self->talk, NULL);
  else if (self->talk.funcs == NULL && !self->failed)
    listen_to_input (self);
}

static void
on_locked (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  CtlLine *self = user_data;
  g_autoptr (GError) error = NULL;
  ShmoozeLockResult locked = shmooze_mutex_lock_finish (SHMOOZE_MUTEX (source), result, &error);

  self->busy = FALSE;
  g_clear_handle_id (&self->patience, g_source_remove);

  if (locked == SHMOOZE_LOCK_FAILED)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        fail (self, error);
      return;
    }

  if (self->talk.ended)
    {
      unlock (self);
      return;
    }

  use_turn (self, locked);
  look_soon (self);
  if (self->waiting.length > 0)
    take_turn (self);
}

/* Waits for the mutex without making anybody at the terminal wait. */
static void
take_turn (CtlLine *self)
{
  if (self->busy || self->failed)
    return;

  self->busy = TRUE;
  self->patience = g_timeout_add_seconds (PATIENCE_SECONDS, on_patience, self);
  shmooze_mutex_lock_async (self->mutex, -1, self->locking, on_locked, self);
}

/* What stands in the region already comes first. A person need not wait for it. */
void
ctl_line_start (CtlLine *self)
{
  self->locking = g_cancellable_new ();
  self->talk.empty_lines = TRUE;
  if (self->talk.person)
    listen_to_input (self);
  take_turn (self);
}

/* Afterwards nothing more is heard. What waits has not been written. */
void
ctl_line_stop (CtlLine *self)
{
  if (!self->failed)
    hear_if_changed (self);
  g_cancellable_cancel (self->locking);
  g_clear_handle_id (&self->look, g_source_remove);
  g_clear_handle_id (&self->patience, g_source_remove);
}
