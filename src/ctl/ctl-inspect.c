/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-json.h"
#include "ctl-output.h"
#include "ctl-text.h"
#include "ctl-verb.h"

#include <inttypes.h>
#include <glib/gi18n.h>
#include <shmooze/shmooze.h>

#define INDENT "  "

static void G_GNUC_PRINTF (3, 4)
append_line (GString    *text,
             const char *indent,
             const char *format,
             ...)
{
  g_autofree char *line = NULL;
  g_autofree char *clean = NULL;
  va_list arguments;

  va_start (arguments, format);
  line = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  clean = ctl_text_clean_line (line);
  g_string_append_printf (text, "%s%s\n", indent, clean);
}

static void
append_size (GString *text,
             guint64  size)
{
  g_autofree char *words = ctl_text_size (size);

  /* Translators: a size in words, and in bytes */
  append_line (text, INDENT, _("Size: %s (%" PRIu64 " bytes)"), words, size);
}

static void
append_file (GString    *text,
             const char *name,
             const char *path)
{
  append_line (text, INDENT, _("File: %s"), path);
  if (shmooze_region_name_is_private (name))
    append_line (text, INDENT, "%s", _("Visible only in this sandbox, because the name begins with a slash"));
}

static void
append_header (GString               *text,
               const ShmoozeRoomInfo *room)
{
  append_line (text, "", _("Room “%s”"), room->name);
  append_file (text, room->name, room->path);
  append_size (text, room->capacity);
  append_line (text, INDENT, _("Identity: %s"), room->id);
  append_line (text, INDENT, _("Version of the layout: %u"), room->version);
  append_line (text, INDENT, _("Bytes for messages in each lane: %zu"), room->queue_size);
  append_line (text, INDENT, _("Bytes for the text being typed: %zu"), room->draft_size);
  append_line (text, INDENT, _("Messages sent so far: %" PRIu64), room->n_messages);
}

/* A seat, or a row of free seats. */
static char *
name_seats (const ShmoozeSeatInfo *first,
            guint                  number,
            guint                  last)
{
  if (first->watching)
    return number == last ? g_strdup_printf (_("Watcher seat %u"), number)
                          : g_strdup_printf (_("Watcher seats %u to %u"), number, last);

  return number == last ? g_strdup_printf (_("Seat %u"), number)
                        : g_strdup_printf (_("Seats %u to %u"), number, last);
}

static void
append_lane (GString               *text,
             const ShmoozeRoomInfo *room,
             const ShmoozeSeatInfo *seat)
{
  g_autofree char *messages = NULL;
  g_autofree char *readers = NULL;

  messages = g_strdup_printf (ngettext ("%u message kept", "%u messages kept", seat->n_frames),
                              seat->n_frames);
  readers = g_strdup_printf (ngettext ("%u reader", "%u readers", seat->n_readers), seat->n_readers);
  /* Translators: "3 messages kept in 120 of 65536 bytes, 2 readers" */
  append_line (text, INDENT, _("%s in %" PRIu64 " of %zu bytes, %s"),
               messages, seat->n_bytes, room->queue_size, readers);

  if (seat->draft != NULL && *seat->draft != '\0')
    append_line (text, INDENT,
                 seat->state == SHMOOZE_SEAT_CRASHED ? _("Never sent: %s") : _("Being typed: %s"),
                 seat->draft);
  if (seat->problem != NULL)
    append_line (text, INDENT, _("Broken: %s"), seat->problem);
}

/* Adjacent empty seats are printed as one line. */
static gboolean
is_empty (const ShmoozeSeatInfo *seat)
{
  return seat->state == SHMOOZE_SEAT_FREE && seat->n_frames == 0 && seat->problem == NULL;
}

static void
append_seats (GString               *text,
              const ShmoozeRoomInfo *room)
{
  guint n_seats = 0;

  for (guint i = 0; i < room->n_seats; i++)
    n_seats += room->seats[i].watching ? 0 : 1;

  for (guint i = 0; i < room->n_seats;)
    {
      const ShmoozeSeatInfo *seat = &room->seats[i];
      guint next = i + 1;
      guint base = seat->watching ? n_seats : 0;
      g_autofree char *name = NULL;
      g_autofree char *since = NULL;

      while (is_empty (seat) && next < room->n_seats && is_empty (&room->seats[next]) &&
             room->seats[next].watching == seat->watching)
        next++;

      name = name_seats (seat, i - base + 1, next - base);

      if (seat->state != SHMOOZE_SEAT_FREE)
        {
          g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (seat->since / G_USEC_PER_SEC);

          since = time != NULL ? g_date_time_format (time, "%F %T") : NULL;
        }

      switch (seat->state)
        {
        case SHMOOZE_SEAT_TAKEN:
          /* Translators: a seat, its nick, and the time of joining */
          append_line (text, "", _("%s: %s, since %s"), name, seat->nick != NULL ? seat->nick : "?",
                       since != NULL ? since : "?");
          break;

        case SHMOOZE_SEAT_CRASHED:
          /* Translators: a seat, its nick, and the time of joining */
          append_line (text, "", _("%s: %s left unexpectedly, joined %s"), name,
                       seat->nick != NULL ? seat->nick : "?", since != NULL ? since : "?");
          break;

        case SHMOOZE_SEAT_FREE:
        default:
          append_line (text, "", _("%s: free"), name);
          break;
        }

      /* The messages of a free seat are still part of the history. */
      if (!seat->watching && !is_empty (seat))
        append_lane (text, room, seat);

      i = next;
    }
}

static void
append_region (GString       *text,
               ShmoozeRegion *region)
{
  append_line (text, "", _("Region “%s”"), shmooze_region_get_name (region));
  append_file (text, shmooze_region_get_name (region), shmooze_region_get_path (region));
  append_size (text, shmooze_region_get_capacity (region));
  append_line (text, INDENT, "%s", _("Not a chat room; the contents are unknown."));
}

static void
add_header (JsonBuilder *json,
            const char  *name,
            const char  *path,
            guint64      capacity,
            gboolean     room)
{
  ctl_json_add_string (json, "name", name);
  ctl_json_add_string (json, "path", path);
  ctl_json_add_number (json, "capacity", capacity);
  ctl_json_add_boolean (json, "private", shmooze_region_name_is_private (name));
  ctl_json_add_boolean (json, "room", room);
}

/* As ISO 8601 in UTC; null if GDateTime cannot represent the time. */
static void
add_time (JsonBuilder *json,
          const char  *key,
          gint64       usec)
{
  g_autoptr (GDateTime) second = g_date_time_new_from_unix_utc (usec / G_USEC_PER_SEC);
  g_autofree char *text = second != NULL ? g_date_time_format_iso8601 (second) : NULL;

  ctl_json_add_string (json, key, text);
}

static void
add_lane (JsonBuilder           *json,
          const ShmoozeSeatInfo *seat)
{
  json_builder_set_member_name (json, "lane");
  json_builder_begin_object (json);
  ctl_json_add_number (json, "messages", seat->n_frames);
  ctl_json_add_number (json, "bytes", seat->n_bytes);
  ctl_json_add_number (json, "readers", seat->n_readers);
  ctl_json_add_string (json, "draft", seat->draft);
  ctl_json_add_string (json, "problem", seat->problem);
  json_builder_end_object (json);
}

static void
add_seat (JsonBuilder           *json,
          const ShmoozeSeatInfo *seat,
          guint                  number)
{
  static const char * const states[] = { "free", "taken", "crashed" };
  gboolean is_free = seat->state == SHMOOZE_SEAT_FREE;

  json_builder_begin_object (json);
  ctl_json_add_number (json, "number", number);
  ctl_json_add_boolean (json, "watching", seat->watching);
  ctl_json_add_string (json, "state", states[seat->state]);
  ctl_json_add_string (json, "nick", is_free ? NULL : seat->nick);
  if (is_free)
    ctl_json_add_string (json, "since", NULL);
  else
    add_time (json, "since", seat->since);
  if (seat->watching)
    ctl_json_add_string (json, "lane", NULL);
  else
    add_lane (json, seat);
  json_builder_end_object (json);
}

static void
add_room (JsonBuilder           *json,
          const ShmoozeRoomInfo *room)
{
  guint numbers[2] = { 0, 0 };

  add_header (json, room->name, room->path, room->capacity, TRUE);
  ctl_json_add_string (json, "id", room->id);
  ctl_json_add_number (json, "version", room->version);
  ctl_json_add_number (json, "queue_size", room->queue_size);
  ctl_json_add_number (json, "draft_size", room->draft_size);
  ctl_json_add_number (json, "messages", room->n_messages);

  json_builder_set_member_name (json, "seats");
  json_builder_begin_array (json);
  for (guint i = 0; i < room->n_seats; i++)
    add_seat (json, &room->seats[i], ++numbers[room->seats[i].watching ? 1 : 0]);
  json_builder_end_array (json);
}

static gboolean
print_json (const ShmoozeRoomInfo  *room,
            ShmoozeRegion          *region,
            GError                **error)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  if (room != NULL)
    add_room (json, room);
  else
    add_header (json, shmooze_region_get_name (region), shmooze_region_get_path (region),
                shmooze_region_get_capacity (region), FALSE);
  json_builder_end_object (json);

  return ctl_json_print (json, -1, error);
}

static gboolean
print_words (const ShmoozeRoomInfo  *room,
             ShmoozeRegion          *region,
             GError                **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (room != NULL)
    {
      append_header (text, room);
      append_seats (text, room);
    }
  else
    {
      append_region (text, region);
    }

  return ctl_output_write (text->str, -1, error);
}

int
ctl_inspect (int    argc,
             char **argv)
{
  g_auto (GStrv) rest = NULL;
  g_autoptr (ShmoozeRoomInfo) room = NULL;
  g_autoptr (ShmoozeRegion) region = NULL;
  g_autoptr (GError) error = NULL;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("Print JSON"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("REGION") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, NULL,
                       _("Describe the contents of a region: its header, seats and lanes."),
                       _("The programs that use the region are not disturbed. Text being typed is shown, too.\n"
                         "With --json: an object with name, path, capacity (in bytes), private (whether the region is\n"
                         "visible only in this sandbox) and room (whether it is a chat room); for a room also id,\n"
                         "version, queue_size, draft_size, messages and seats, each with number, watching, state\n"
                         "(“free”, “taken” or “crashed”), nick, since (ISO 8601, UTC) and lane, which has\n"
                         "messages, bytes, readers, draft and problem.")))
    return CTL_EXIT_USAGE;

  if (rest == NULL || rest[0] == NULL)
    return ctl_verb_usage_error ("%s", _("Missing region name; “shmoozectl list” prints the names."));
  if (rest[1] != NULL)
    return ctl_verb_usage_error ("%s", _("Only one region can be given."));

  room = shmooze_room_info_new (rest[0], &error);
  if (g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT))
    {
      g_clear_error (&error);
      region = shmooze_region_open (rest[0], SHMOOZE_ACCESS_READ, &error);
    }
  if (room == NULL && region == NULL)
    return ctl_verb_error ("%s", error->message);

  if (!(json ? print_json (room, region, &error) : print_words (room, region, &error)))
    return ctl_verb_error ("%s", error->message);

  return CTL_EXIT_DONE;
}
