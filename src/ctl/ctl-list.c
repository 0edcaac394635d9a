/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-json.h"
#include "ctl-output.h"
#include "ctl-terminal.h"
#include "ctl-text.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>
#include <shmooze/shmooze.h>

#define GAP 2

typedef struct
{
  char *name;
  char *size;
  char *who;
} Row;

static void
row_free (gpointer data)
{
  Row *row = data;

  g_free (row->name);
  g_free (row->size);
  g_free (row->who);
  g_free (row);
}

static Row *
row_new (const char *name,
         const char *size,
         const char *who)
{
  Row *row = g_new0 (Row, 1);

  row->name = ctl_text_clean_line (name);
  row->size = g_strdup (size);
  row->who = g_strdup (who);

  return row;
}

/* The nicks in a room; any other region is only known to be in use. */
static char *
describe_holders (const ShmoozeRegionInfo *region)
{
  g_autoptr (ShmoozeRoomInfo) room = shmooze_room_info_new (region->name, NULL);
  GString *who = g_string_new (NULL);

  for (guint i = 0; room != NULL && i < room->n_seats; i++)
    {
      const ShmoozeSeatInfo *seat = &room->seats[i];
      g_autofree char *nick = ctl_text_clean_line (seat->nick != NULL ? seat->nick : "?");

      if (seat->state != SHMOOZE_SEAT_TAKEN)
        continue;

      if (who->len > 0)
        g_string_append (who, _(", "));
      if (seat->watching)
        g_string_append_printf (who, _("%s (watching)"), nick);
      else
        g_string_append (who, nick);
    }

  if (who->len == 0)
    g_string_append (who, _("in use"));

  return g_string_free (who, FALSE);
}

static int
compare_regions (gconstpointer a,
                 gconstpointer b)
{
  const ShmoozeRegionInfo *first = *(const ShmoozeRegionInfo *const *) a;
  const ShmoozeRegionInfo *second = *(const ShmoozeRegionInfo *const *) b;

  return g_utf8_collate (first->name, second->name);
}

static char *
format_table (GPtrArray *rows)
{
  GString *table = g_string_new (NULL);
  gsize name_width = 0;
  gsize size_width = 0;

  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = g_ptr_array_index (rows, i);

      name_width = MAX (name_width, ctl_text_width (row->name));
      size_width = MAX (size_width, ctl_text_width (row->size));
    }

  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = g_ptr_array_index (rows, i);

      ctl_text_pad (table, row->name, name_width + GAP);
      ctl_text_pad (table, row->size, size_width + GAP);
      g_string_append_printf (table, "%s\n", row->who);
    }

  return g_string_free (table, FALSE);
}

static gboolean
print_table (GPtrArray  *regions,
             GError    **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  g_autofree char *table = NULL;

  /* Translators: the headings of a table */
  g_ptr_array_add (rows, row_new (_("NAME"), _("SIZE"), _("WHO")));

  for (guint i = 0; i < regions->len; i++)
    {
      const ShmoozeRegionInfo *region = g_ptr_array_index (regions, i);
      g_autofree char *size = ctl_text_size (region->capacity);
      g_autofree char *who = describe_holders (region);

      g_ptr_array_add (rows, row_new (region->name, size, who));
    }

  table = regions->len > 0 ? format_table (rows) : g_strconcat (_("No regions."), "\n", NULL);
  if (!ctl_output_write (table, -1, error))
    return FALSE;

  if (shmooze_region_name_is_private ("/") && ctl_terminal_is_output ())
    ctl_verb_error ("%s", _("Names that begin with a slash are not listed; they are visible only in this sandbox."));
  return TRUE;
}

static void
add_participants (JsonBuilder           *json,
                  const ShmoozeRoomInfo *room)
{
  json_builder_set_member_name (json, "participants");
  json_builder_begin_array (json);

  for (guint i = 0; room != NULL && i < room->n_seats; i++)
    {
      const ShmoozeSeatInfo *seat = &room->seats[i];

      if (seat->state != SHMOOZE_SEAT_TAKEN)
        continue;

      json_builder_begin_object (json);
      ctl_json_add_string (json, "nick", seat->nick);
      ctl_json_add_boolean (json, "watching", seat->watching);
      json_builder_end_object (json);
    }

  json_builder_end_array (json);
}

static gboolean
print_json (GPtrArray  *regions,
            GError    **error)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_array (json);

  for (guint i = 0; i < regions->len; i++)
    {
      const ShmoozeRegionInfo *region = g_ptr_array_index (regions, i);
      g_autoptr (ShmoozeRoomInfo) room = shmooze_room_info_new (region->name, NULL);

      json_builder_begin_object (json);
      ctl_json_add_string (json, "name", region->name);
      ctl_json_add_string (json, "path", region->path);
      ctl_json_add_number (json, "capacity", region->capacity);
      ctl_json_add_boolean (json, "held", region->held);
      ctl_json_add_boolean (json, "room", room != NULL);
      add_participants (json, room);
      json_builder_end_object (json);
    }

  json_builder_end_array (json);
  return ctl_json_print (json, -1, error);
}

int
ctl_list (int    argc,
          char **argv)
{
  g_auto (GStrv) rest = NULL;
  g_autoptr (GPtrArray) regions = NULL;
  g_autoptr (GError) error = NULL;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("Print JSON"), NULL },
    { G_OPTION_REMAINING, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, NULL,
                       _("List the regions with their sizes and participants."),
                       _("“in use” marks a region that is held but is not a chat room. With --json: an array of\n"
                         "objects with name, path, capacity (in bytes), held, room (whether it is a chat room) and\n"
                         "participants, each with nick and watching.")))
    return CTL_EXIT_USAGE;

  if (rest != NULL && rest[0] != NULL)
    return ctl_verb_usage_error (_("Unexpected argument “%s”: list takes no arguments."), rest[0]);

  regions = shmooze_region_list (&error);
  if (regions == NULL)
    return ctl_verb_error ("%s", error->message);

  g_ptr_array_sort (regions, compare_regions);
  if (!(json ? print_json (regions, &error) : print_table (regions, &error)))
    return ctl_verb_error ("%s", error->message);

  return CTL_EXIT_DONE;
}
