/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-line-format.h"
#include "ctl-option.h"
#include "ctl-talk.h"
#include "ctl-terminal.h"
#include "ctl-text.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

/* Several programs replace one line in turn, each while it holds the mutex. The layout has no doorbell, so the
 * region is polled, quickly after each change and more and more slowly while nothing happens.
 */

#define NAME     "/YourMemoryMappedFileName"
#define CAPACITY 100
#define MUTEX    "NonPersisterMemoryMappedFilemutex"

#define FIRST_PAUSE_MSEC 1
#define LAST_PAUSE_MSEC  250
#define PATIENCE_SECONDS 2

#define BYTE_ORDER_MARK "\357\273\277"

typedef struct
{
  CtlTalk       *talk;
  ShmoozeRegion *region;
  ShmoozeView   *view;
  GIOStream     *stream;
  ShmoozeMutex  *mutex;
  GCancellable  *locking;    /* cancelled at the end of the session */
  gboolean       listening;  /* the input is being read */
  gboolean       busy;       /* the mutex is being waited for */
  GQueue         waiting;    /* GBytes: lines to be written */
  GBytes        *known;      /* the line last seen or written */
  gboolean       broken;     /* the region contained data but no line */
  gboolean       failed;
  guint          look;
  guint          pause_msec;
  guint          patience;
} CtlLine;

static void take_turn (CtlLine *self);

/* The region or the mutex can no longer be used. */
static void
fail (CtlLine      *self,
      const GError *error)
{
  if (!self->failed)
    ctl_talk_report (self->talk, "%s", error->message);

  self->failed = TRUE;
  ctl_talk_finish (self->talk, CTL_EXIT_FAILED);
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
  g_autofree char *text = ctl_text_from_bytes (line);
  const char *start = g_str_has_prefix (text, BYTE_ORDER_MARK) ? text + strlen (BYTE_ORDER_MARK) : text;

  ctl_talk_print_peer (self->talk, NULL, start);
}

/* With the mutex locked: the line that another program has written; NULL if there is none. */
static GBytes *
take_news (CtlLine  *self,
           GError  **error)
{
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GError) local_error = NULL;
  gboolean was_broken = self->broken;

  self->broken = !ctl_line_format_read (self->stream, &line, &local_error);
  if (self->broken)
    {
      /* A broken line is reported once. */
      if (!was_broken || !g_error_matches (local_error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
        g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  if (is_known (self, line))
    return NULL;

  g_clear_pointer (&self->known, g_bytes_unref);
  self->known = g_steal_pointer (&line);
  return self->known != NULL ? g_bytes_ref (self->known) : NULL;
}

/* With the mutex locked. */
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

/* Only after the mutex was unlocked, since the program that reads our output may be slow. */
static void
report_turn (CtlLine           *self,
      ShmoozeLockResult  locked,
      GBytes            *news,
      const GError      *error)
{
  if (locked == SHMOOZE_LOCK_ABANDONED)
    ctl_talk_note (self->talk, _("The previous holder of the mutex “%s” died while holding it."),
                   shmooze_mutex_get_name (self->mutex));

  if (news != NULL)
    show (self, news);
  else if (g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
    ctl_talk_report (self->talk, "%s", error->message);
  else if (error != NULL)
    fail (self, error);
}

/* Without the mutex the line may be half written, so this only shows whether it has changed. */
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

/* Returns FALSE if there is nothing new, or if another program is writing it now. */
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
  report_turn (self, locked, news, error);

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

/* The other side may answer soon after each turn. */
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

  ctl_talk_note (self->talk, _("Another program holds the mutex “%s”. Waiting."), shmooze_mutex_get_name (self->mutex));

  self->patience = 0;
  return G_SOURCE_REMOVE;
}

static void
on_send (const char *text,
         gpointer    user_data)
{
  CtlLine *self = user_data;
  /* Some programs take a carriage return for a line end. */
  g_autofree char *line = g_strdelimit (g_strdup (text), "\r", ' ');

  ctl_talk_print_own (self->talk, NULL, line);
  g_queue_push_tail (&self->waiting, g_bytes_new (line, strlen (line)));
  take_turn (self);
}

static void
listen_to_input (CtlLine *self)
{
  self->listening = TRUE;
  ctl_talk_start (self->talk, (gsize) shmooze_view_get_size (self->view) - CTL_LINE_FORMAT_END_SIZE);
}

/* With the mutex locked: reads the line of the other side before ours replaces it. */
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
  report_turn (self, locked, news, news_error);

  if (error != NULL)
    fail (self, error);
  else if (line != NULL)
    ctl_talk_sent (self->talk, NULL);
  else if (!self->listening && !self->failed)
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

  if (g_cancellable_is_cancelled (self->locking))
    {
      unlock (self);
      return;
    }

  use_turn (self, locked);
  look_soon (self);
  if (self->waiting.length > 0)
    take_turn (self);
}

/* Waits for the mutex asynchronously, so that the prompt goes on working. */
static void
take_turn (CtlLine *self)
{
  if (self->busy || self->failed)
    return;

  self->busy = TRUE;
  self->patience = g_timeout_add_seconds (PATIENCE_SECONDS, on_patience, self);
  shmooze_mutex_lock_async (self->mutex, -1, self->locking, on_locked, self);
}

/* The line that is in the region already is printed before the input is read. A prompt appears at once. */
static void
start_turns (CtlLine *self)
{
  self->locking = g_cancellable_new ();
  if (ctl_talk_is_interactive (self->talk))
    listen_to_input (self);
  take_turn (self);
}

/* The lines that are still waiting will not be written. */
static void
stop_turns (CtlLine *self)
{
  if (!self->failed)
    hear_if_changed (self);
  g_cancellable_cancel (self->locking);
  g_clear_handle_id (&self->look, g_source_remove);
  g_clear_handle_id (&self->patience, g_source_remove);
}

static void
sum_up (CtlLine *self)
{
  guint n = self->waiting.length;

  if (n == 0)
    return;

  ctl_talk_report (self->talk, ngettext ("%u line was not written.", "%u lines were not written.", n), n);
  ctl_talk_report_rest (self->talk);
}

static void
talk (CtlLine *self)
{
  ctl_talk_event (self->talk, _("“%s”: a line of up to %" PRIu64 " bytes; Ctrl+D leaves"),
                  shmooze_region_get_name (self->region),
                  shmooze_view_get_size (self->view) - CTL_LINE_FORMAT_END_SIZE);
  start_turns (self);
  ctl_talk_run (self->talk);
  stop_turns (self);
  sum_up (self);
}

/* After the region was closed: it is deleted with its last holder. */
static void
warn_if_gone (const char *name)
{
  g_autoptr (ShmoozeRegion) region = NULL;
  g_autoptr (GError) error = NULL;

  region = shmooze_region_open (name, SHMOOZE_ACCESS_READ, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    ctl_verb_error (_("No other program holds “%s”: the region is deleted with the line."), name);
}

static gboolean
open_all (CtlLine     *self,
          const char  *name,
          guint64      capacity,
          const char  *mutex,
          GError     **error)
{
  self->mutex = shmooze_mutex_create_or_open (mutex, FALSE, NULL, error);
  if (self->mutex == NULL)
    return FALSE;

  self->region = shmooze_region_create_or_open (name, capacity, SHMOOZE_ACCESS_READ_WRITE, NULL, error);
  if (self->region == NULL)
    return FALSE;

  capacity = shmooze_region_get_capacity (self->region);
  if (capacity < CTL_LINE_FORMAT_END_SIZE)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _("The region “%s” is too small: it has %" PRIu64 " bytes, and a line end alone takes %d"),
                   name, capacity, CTL_LINE_FORMAT_END_SIZE);
      return FALSE;
    }

  self->view = shmooze_region_create_view (self->region, 0, 0, SHMOOZE_ACCESS_READ_WRITE, error);
  if (self->view == NULL)
    return FALSE;

  self->stream = shmooze_view_open_stream (self->view, error);
  return self->stream != NULL;
}

static void
close_all (CtlLine *self)
{
  if (self->stream != NULL)
    g_io_stream_close (self->stream, NULL, NULL);
  if (self->view != NULL)
    shmooze_view_close (self->view);
  if (self->region != NULL)
    shmooze_region_close (self->region);

  g_clear_object (&self->stream);
  g_clear_object (&self->view);
  g_clear_object (&self->region);
  g_clear_object (&self->mutex);
  g_clear_object (&self->locking);
  g_clear_pointer (&self->known, g_bytes_unref);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) g_bytes_unref);
}

static int
line (const char       *name,
      const char       *mutex,
      const CtlOptions *options)
{
  static const CtlTalkFuncs funcs = { .send = on_send, .empty_lines = TRUE };
  CtlLine self = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean has_sent_input;
  int status;

  self.talk = ctl_talk_new (&funcs, &self, options->color);
  if (open_all (&self, name, options->capacity, mutex, &error))
    talk (&self);
  else
    ctl_talk_report (self.talk, "%s", error->message);

  has_sent_input = ctl_talk_has_sent_input (self.talk);
  status = ctl_talk_close (self.talk);
  close_all (&self);
  if (has_sent_input)
    warn_if_gone (name);

  return status;
}

int
ctl_line (int    argc,
          char **argv)
{
  CtlOptions options = { .capacity = CAPACITY, .color = ctl_terminal_has_color () };
  g_autofree char *mutex = NULL;
  g_auto (GStrv) rest = NULL;
  const char *name;
  const GOptionEntry entries[] = {
    CTL_OPTION ("capacity", ctl_option_size, N_("Size of a new region"), N_("N")),
    { "mutex", 0, 0, G_OPTION_ARG_FILENAME, &mutex, N_("Mutex that guards the line"), N_("M") },
    CTL_OPTION ("color", ctl_option_color, N_("Print the other side in red: always, never or auto"), N_("WHEN")),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[NAME]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, &options,
                       _("Share one line of text: each line of standard input replaces the line in the region, and\n"
                         "each line that another program writes there is printed.\n"
                         "NAME defaults to “/YourMemoryMappedFileName”."),
                       _("N is a number of bytes; the suffixes K, M and G are accepted. A new region has 100\n"
                         "bytes, two of which are for the line end. M defaults to\n"
                         "“NonPersisterMemoryMappedFilemutex”; every program must hold this mutex while it writes\n"
                         "the line.\n"
                         "Exits at the end of the input, once the last line is in the region. A region is deleted\n"
                         "with its last holder: if no other program holds it, the line is lost with it, and a note\n"
                         "on standard error says so. A program that reads rarely sees only the latest line.")))
    return CTL_EXIT_USAGE;

  if (!ctl_verb_take_name (rest, NAME, &name))
    return CTL_EXIT_USAGE;

  return line (name, mutex != NULL ? mutex : MUTEX, &options);
}
