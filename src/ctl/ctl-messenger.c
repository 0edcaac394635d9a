/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-color.h"
#include "ctl-number.h"
#include "ctl-talk.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <shmooze/shmooze.h>
#include <string.h>

/* Messages by the classic communicator. Its layout knows no presence: that a peer is there shows by what it
 * confirms, and only with one of this library sooner.
 */

#define PATIENCE_SECONDS 2

/* The region is looked at this soon while something moves. What comes later stays in its slot. */
#define LAST_MSEC 50

#define OWN "> "
#define OTHER "< "

typedef struct
{
  CtlTalk              talk;
  ShmoozeCommunicator *communicator;
  guint                patience;
} CtlMessenger;

static gboolean
on_patience (gpointer user_data)
{
  CtlMessenger *self = user_data;
  guint n = self->talk.n_pending;
  g_autofree char *message = NULL;

  if (shmooze_communicator_get_peer_present (self->communicator))
    message = g_strdup_printf (ngettext ("%u message is not confirmed yet: the other side does not respond.",
                                         "%u messages are not confirmed yet: the other side does not respond.", n),
                               n);
  else
    message = g_strdup_printf (ngettext ("%u message is not confirmed yet: no peer detected. Waiting.",
                                         "%u messages are not confirmed yet: no peer detected. Waiting.", n),
                               n);
  ctl_talk_note (&self->talk, message);

  self->patience = 0;
  return G_SOURCE_REMOVE;
}

/* From now on the other side has some time for what waits. */
static void
be_patient (CtlMessenger *self)
{
  g_clear_handle_id (&self->patience, g_source_remove);
  if (self->talk.n_pending > 0 && !self->talk.ended)
    self->patience = g_timeout_add_seconds (PATIENCE_SECONDS, on_patience, self);
}

static void
on_written (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  CtlMessenger *self = user_data;
  g_autoptr (GError) error = NULL;

  /* When the region is lost, all fails alike, and "failed" tells it once. */
  if (!shmooze_communicator_write_finish (SHMOOZE_COMMUNICATOR (source), result, &error) &&
      g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST))
    return;

  ctl_talk_sent (&self->talk, error);
  be_patient (self);
}

static void
on_send (const char *text,
         gpointer    user_data)
{
  CtlMessenger *self = user_data;

  ctl_talk_own (&self->talk, OWN, text);
  shmooze_communicator_write_async (self->communicator, text, strlen (text), NULL, on_written, self);
  if (self->patience == 0 && self->talk.n_pending == 1)
    be_patient (self);
}

static void
on_data_received (ShmoozeCommunicator *communicator,
                  GBytes              *data,
                  gpointer             user_data)
{
  CtlMessenger *self = user_data;
  gsize size;
  const char *bytes = g_bytes_get_data (data, &size);
  g_autofree char *text = size > 0 ? g_utf8_make_valid (bytes, (gssize) size) : g_strdup ("");

  ctl_talk_other (&self->talk, self->talk.prompt != NULL ? OTHER : "", text);
}

static void
on_failed (ShmoozeCommunicator *communicator,
           GError              *error,
           gpointer             user_data)
{
  CtlMessenger *self = user_data;

  ctl_talk_report (&self->talk, error->message);
  if (g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST))
    ctl_talk_finish (&self->talk, CTL_EXIT_FAILED);
}

static void
on_peer_present (ShmoozeCommunicator *communicator,
                 GParamSpec          *pspec,
                 gpointer             user_data)
{
  CtlMessenger *self = user_data;

  if (shmooze_communicator_get_peer_present (communicator))
    ctl_talk_event (&self->talk, "%s", _("The other side is here"));
  else if (self->talk.events)
    ctl_talk_event (&self->talk, "%s", _("The other side has gone"));
  else
    ctl_talk_note (&self->talk, _("The other side has gone."));

  be_patient (self);
}

static void
greet (CtlMessenger *self)
{
  ctl_talk_event (&self->talk, _("“%s”: reading at %" PRId64 ", writing at %" PRId64 "; Ctrl+D leaves"),
                  shmooze_communicator_get_name (self->communicator),
                  shmooze_communicator_get_read_position (self->communicator),
                  shmooze_communicator_get_write_position (self->communicator));

  if (shmooze_communicator_get_peer_present (self->communicator))
    ctl_talk_event (&self->talk, "%s", _("The other side is here"));
  else
    ctl_talk_event (&self->talk, "%s", _("No peer detected yet"));
}

static void
sum_up (CtlMessenger *self)
{
  guint n = self->talk.n_pending;

  if (n == 0)
    return;

  self->talk.status = ctl_verb_error (ngettext ("%u message was not confirmed.",
                                                "%u messages were not confirmed.", n), n);
  if (self->talk.lines != NULL && !self->talk.input_ended)
    ctl_verb_error ("%s", _("The rest of the input was not sent either."));
}

static void
talk (CtlMessenger *self)
{
  static const CtlTalkFuncs funcs = { on_send, NULL };

  g_signal_connect (self->communicator, "data-received", G_CALLBACK (on_data_received), self);
  g_signal_connect (self->communicator, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect (self->communicator, "notify::peer-present", G_CALLBACK (on_peer_present), self);

  ctl_talk_start (&self->talk, shmooze_communicator_get_max_size (self->communicator), &funcs, self);
  greet (self);
  ctl_talk_run (&self->talk);
  sum_up (self);

  g_clear_handle_id (&self->patience, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->communicator, self);
  shmooze_communicator_close (self->communicator);
}

static ShmoozeCommunicator *
open_communicator (const char  *name,
                   guint64      capacity,
                   gint64       read_position,
                   gint64       write_position,
                   GError     **error)
{
  g_autoptr (ShmoozeCommunicator) communicator = shmooze_communicator_new (name, capacity, error);
  gboolean placed;

  if (communicator == NULL)
    return NULL;

  if (read_position < 0)
    placed = shmooze_communicator_take_positions (communicator, error);
  else
    placed = shmooze_communicator_set_read_position (communicator, read_position, error) &&
             shmooze_communicator_set_write_position (communicator, write_position, error);

  return placed && shmooze_communicator_start_reader (communicator, error) ? g_steal_pointer (&communicator) : NULL;
}

static int
messenger (const char *name,
           guint64     capacity,
           gint64      read_position,
           gint64      write_position,
           gboolean    color)
{
  CtlMessenger self = { 0 };
  g_autoptr (GError) error = NULL;

  ctl_talk_init (&self.talk, color);
  self.talk.last_msec = LAST_MSEC;
  self.communicator = open_communicator (name, capacity, read_position, write_position, &error);
  if (self.communicator != NULL)
    talk (&self);
  else
    self.talk.status = ctl_verb_error ("%s", error->message);

  ctl_talk_clear (&self.talk);
  g_clear_object (&self.communicator);

  return self.talk.status;
}

/* A position that was not given is -1. */
static gboolean
parse_position (const char  *word,
                gint64      *position,
                GError     **error)
{
  guint64 number;

  *position = -1;
  if (word == NULL)
    return TRUE;
  if (!ctl_number_parse (word, &number, error))
    return FALSE;

  *position = (gint64) MIN (number, G_MAXINT64);
  return TRUE;
}

int
ctl_messenger (int    argc,
               char **argv)
{
  g_autofree char *capacity_word = NULL;
  g_autofree char *read_word = NULL;
  g_autofree char *write_word = NULL;
  g_autofree char *color_word = NULL;
  g_auto (GStrv) rest = NULL;
  const char *name;
  g_autoptr (GError) error = NULL;
  guint64 capacity = SHMOOZE_COMMUNICATOR_CAPACITY;
  gint64 read_position;
  gint64 write_position;
  gboolean color = FALSE;
  const GOptionEntry entries[] = {
    { "capacity", 0, 0, G_OPTION_ARG_STRING, &capacity_word, N_("Size of a new region"), N_("N") },
    { "read-position", 0, 0, G_OPTION_ARG_STRING, &read_word, N_("Position where the other side writes"), N_("N") },
    { "write-position", 0, 0, G_OPTION_ARG_STRING, &write_word, N_("Position where the other side reads"), N_("N") },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color_word,
      N_("Print the other side in red: always, never or auto"), N_("WHEN") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[NAME]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries,
                       _("Exchange messages in the format of the classic communicator: each line of standard input is\n"
                         "a message, and the messages of the other side are printed.\n"
                         "NAME defaults to “/MemoryMappedShare”."),
                       _("N is a number of bytes; the suffixes K, M and G are accepted. A new region has 4096 bytes.\n"
                         "Without positions, the first of two programs reads at 0 and writes at 2000, and the second\n"
                         "the other way round. Programs other than shmooze and shmoozectl cannot be detected:\n"
                         "pass both positions for those.\n"
                         "Exits at the end of the input, once the other side has confirmed every message. Exiting\n"
                         "earlier is a failure; the number of unconfirmed messages is printed. Empty lines are not\n"
                         "sent.")))
    return CTL_EXIT_USAGE;

  if (!ctl_verb_take_name (rest, SHMOOZE_COMMUNICATOR_NAME, &name))
    return CTL_EXIT_USAGE;
  if (!ctl_color_parse (color_word, &color))
    return ctl_verb_usage_error (_("Invalid value “%s” for --color: must be always, never or auto"), color_word);
  if ((read_word == NULL) != (write_word == NULL))
    return ctl_verb_usage_error ("%s", _("--read-position and --write-position must be given together."));
  if ((capacity_word != NULL && !ctl_number_parse (capacity_word, &capacity, &error)) ||
      !parse_position (read_word, &read_position, &error) ||
      !parse_position (write_word, &write_position, &error))
    return ctl_verb_usage_error ("%s", error->message);

  return messenger (name, capacity,
                    read_position, write_position, color);
}
