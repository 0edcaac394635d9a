/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-color.h"
#include "ctl-line-format.h"
#include "ctl-line.h"
#include "ctl-number.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>
#include <inttypes.h>

#define NAME "/YourMemoryMappedFileName"
#define CAPACITY 100
#define MUTEX "NonPersisterMemoryMappedFilemutex"

static void
sum_up (CtlLine *self)
{
  guint n = self->waiting.length;

  if (n == 0)
    return;

  self->talk.status = ctl_verb_error (ngettext ("%u line was not written.", "%u lines were not written.", n), n);
  if (self->talk.lines != NULL && !self->talk.input_ended)
    ctl_verb_error ("%s", _("The rest of the input was not sent either."));
}

static void
talk (CtlLine *self)
{
  ctl_talk_event (&self->talk, _("“%s”: a line of up to %" PRIu64 " bytes; Ctrl+D leaves"),
                  shmooze_region_get_name (self->region),
                  shmooze_view_get_size (self->view) - CTL_LINE_FORMAT_END_SIZE);
  ctl_line_start (self);
  ctl_talk_run (&self->talk);
  ctl_line_stop (self);
  sum_up (self);
}

/* A region ends with its last holder, and the line with it. */
static void
tell_if_gone (CtlLine    *self,
              const char *name)
{
  g_autoptr (ShmoozeRegion) region = NULL;
  g_autoptr (GError) error = NULL;

  if (self->talk.n_sent == 0 || self->talk.prompt != NULL || self->talk.status != CTL_EXIT_DONE)
    return;

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
line (const char *name,
      guint64     capacity,
      const char *mutex,
      gboolean    color)
{
  CtlLine self = { 0 };
  g_autoptr (GError) error = NULL;

  ctl_talk_init (&self.talk, color);
  if (open_all (&self, name, capacity, mutex, &error))
    talk (&self);
  else
    self.talk.status = ctl_verb_error ("%s", error->message);

  ctl_talk_clear (&self.talk);
  close_all (&self);
  tell_if_gone (&self, name);

  return self.talk.status;
}

int
ctl_line (int    argc,
          char **argv)
{
  g_autofree char *capacity_word = NULL;
  g_autofree char *mutex = NULL;
  g_autofree char *color_word = NULL;
  g_auto (GStrv) rest = NULL;
  const char *name;
  g_autoptr (GError) error = NULL;
  guint64 capacity = CAPACITY;
  gboolean color = FALSE;
  const GOptionEntry entries[] = {
    { "capacity", 0, 0, G_OPTION_ARG_STRING, &capacity_word, N_("Size of a new region"), N_("N") },
    { "mutex", 0, 0, G_OPTION_ARG_FILENAME, &mutex, N_("Mutex that guards the line"), N_("M") },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color_word,
      N_("Print the other side in red: always, never or auto"), N_("WHEN") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[NAME]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries,
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
  if (!ctl_color_parse (color_word, &color))
    return ctl_verb_usage_error (_("Invalid value “%s” for --color: must be always, never or auto"), color_word);
  if (capacity_word != NULL && !ctl_number_parse (capacity_word, &capacity, &error))
    return ctl_verb_usage_error ("%s", error->message);

  return line (name, capacity, mutex != NULL ? mutex : MUTEX, color);
}
