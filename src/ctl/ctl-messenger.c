/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-option.h"
#include "ctl-talk.h"
#include "ctl-terminal.h"
#include "ctl-text.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <shmooze/shmooze.h>
#include <string.h>

/* Messages in the format of the classic communicator, which has no field for presence: only peers that use this
 * library are detected, any other peer is known by the messages that it confirms.
 */

#define PATIENCE_SECONDS 2

/* While messages arrive the region is polled more often than this. A message that comes later stays in its slot. */
#define LAST_MSEC 50

typedef struct
{
  CtlTalk             *talk;
  ShmoozeCommunicator *communicator;
  guint                patience;
} CtlMessenger;

static gboolean
on_patience (gpointer user_data)
{
  CtlMessenger *self = user_data;
  guint n = ctl_talk_get_n_pending (self->talk);

  if (shmooze_communicator_get_peer_present (self->communicator))
    ctl_talk_note (self->talk,
                   ngettext ("%u message is not confirmed yet: the other side does not respond.",
                             "%u messages are not confirmed yet: the other side does not respond.", n), n);
  else
    ctl_talk_note (self->talk,
                   ngettext ("%u message is not confirmed yet: no peer detected. Waiting.",
                             "%u messages are not confirmed yet: no peer detected. Waiting.", n), n);

  self->patience = 0;
  return G_SOURCE_REMOVE;
}

/* Restarts the time after which a note says that messages are still not confirmed. */
static void
be_patient (CtlMessenger *self)
{
  g_clear_handle_id (&self->patience, g_source_remove);
  if (ctl_talk_get_n_pending (self->talk) > 0)
    self->patience = g_timeout_add_seconds (PATIENCE_SECONDS, on_patience, self);
}

static void
on_written (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  CtlMessenger *self = user_data;
  g_autoptr (GError) error = NULL;

  /* When the region is lost, every message fails, and "failed" reports that once. */
  if (!shmooze_communicator_write_finish (SHMOOZE_COMMUNICATOR (source), result, &error) &&
      g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST))
    return;

  if (ctl_talk_sent (self->talk, error))
    be_patient (self);
}

static void
on_send (const char *text,
         gpointer    user_data)
{
  CtlMessenger *self = user_data;

  ctl_talk_print_own (self->talk, NULL, text);
  shmooze_communicator_write_async (self->communicator, text, strlen (text), NULL, on_written, self);
  if (self->patience == 0 && ctl_talk_get_n_pending (self->talk) == 1)
    be_patient (self);
}

static void
on_data_received (ShmoozeCommunicator *communicator,
                  GBytes              *data,
                  gpointer             user_data)
{
  CtlMessenger *self = user_data;
  g_autofree char *text = ctl_text_from_bytes (data);

  ctl_talk_print_peer (self->talk, NULL, text);
}

static void
on_failed (ShmoozeCommunicator *communicator,
           GError              *error,
           gpointer             user_data)
{
  CtlMessenger *self = user_data;

  ctl_talk_report (self->talk, "%s", error->message);
  if (g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST))
    ctl_talk_finish (self->talk, CTL_EXIT_FAILED);
}

static void
on_peer_present (ShmoozeCommunicator *communicator,
                 GParamSpec          *pspec,
                 gpointer             user_data)
{
  CtlMessenger *self = user_data;

  if (shmooze_communicator_get_peer_present (communicator))
    ctl_talk_event (self->talk, "%s", _("The other side is here"));
  else if (!ctl_talk_event (self->talk, "%s", _("The other side has gone")))
    ctl_talk_note (self->talk, "%s", _("The other side has gone."));

  be_patient (self);
}

static void
greet (CtlMessenger *self)
{
  ctl_talk_event (self->talk, _("“%s”: reading at %" PRId64 ", writing at %" PRId64 "; Ctrl+D leaves"),
                  shmooze_communicator_get_name (self->communicator),
                  shmooze_communicator_get_read_position (self->communicator),
                  shmooze_communicator_get_write_position (self->communicator));

  if (shmooze_communicator_get_peer_present (self->communicator))
    ctl_talk_event (self->talk, "%s", _("The other side is here"));
  else
    ctl_talk_event (self->talk, "%s", _("No peer detected yet"));
}

static void
sum_up (CtlMessenger *self)
{
  guint n = ctl_talk_get_n_pending (self->talk);

  if (n == 0)
    return;

  ctl_talk_report (self->talk, ngettext ("%u message was not confirmed.", "%u messages were not confirmed.", n), n);
  ctl_talk_report_rest (self->talk);
}

static void
talk (CtlMessenger *self)
{
  g_signal_connect (self->communicator, "data-received", G_CALLBACK (on_data_received), self);
  g_signal_connect (self->communicator, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect (self->communicator, "notify::peer-present", G_CALLBACK (on_peer_present), self);

  ctl_talk_start (self->talk, shmooze_communicator_get_max_size (self->communicator));
  greet (self);
  ctl_talk_run (self->talk);
  sum_up (self);

  g_clear_handle_id (&self->patience, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->communicator, self);
  shmooze_communicator_close (self->communicator);
}

static ShmoozeCommunicator *
open_communicator (const char        *name,
                   const CtlOptions  *options,
                   GError           **error)
{
  g_autoptr (ShmoozeCommunicator) communicator = shmooze_communicator_new (name, options->capacity, error);
  gboolean placed;

  if (communicator == NULL)
    return NULL;

  if (options->read_position < 0)
    placed = shmooze_communicator_take_positions (communicator, error);
  else
    placed = shmooze_communicator_set_read_position (communicator, options->read_position, error) &&
             shmooze_communicator_set_write_position (communicator, options->write_position, error);

  return placed && shmooze_communicator_start_reader (communicator, error) ? g_steal_pointer (&communicator) : NULL;
}

static int
messenger (const char       *name,
           const CtlOptions *options)
{
  static const CtlTalkFuncs funcs = { .send = on_send, .last_msec = LAST_MSEC };
  CtlMessenger self = { 0 };
  g_autoptr (GError) error = NULL;
  int status;

  self.talk = ctl_talk_new (&funcs, &self, options->color);
  self.communicator = open_communicator (name, options, &error);
  if (self.communicator != NULL)
    talk (&self);
  else
    ctl_talk_report (self.talk, "%s", error->message);

  status = ctl_talk_close (self.talk);
  g_clear_object (&self.communicator);

  return status;
}

int
ctl_messenger (int    argc,
               char **argv)
{
  CtlOptions options = {
    .color = ctl_terminal_has_color (),
    .capacity = SHMOOZE_COMMUNICATOR_CAPACITY,
    .read_position = -1,
    .write_position = -1,
  };
  g_auto (GStrv) rest = NULL;
  const char *name;
  const GOptionEntry entries[] = {
    CTL_OPTION ("capacity", ctl_option_size, N_("Size of a new region"), N_("N")),
    CTL_OPTION ("read-position", ctl_option_size, N_("Position where the other side writes"), N_("N")),
    CTL_OPTION ("write-position", ctl_option_size, N_("Position where the other side reads"), N_("N")),
    CTL_OPTION ("color", ctl_option_color, N_("Print the other side in red: always, never or auto"), N_("WHEN")),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[NAME]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, &options,
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
  if ((options.read_position < 0) != (options.write_position < 0))
    return ctl_verb_usage_error ("%s", _("--read-position and --write-position must be given together."));

  return messenger (name, &options);
}
