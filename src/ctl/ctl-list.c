/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-output.h"
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

/* The nicks of a room; of any other region only whether somebody has it. */
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

int
ctl_list (int    argc,
          char **argv)
{
  g_auto (GStrv) rest = NULL;
  g_autoptr (GPtrArray) regions = NULL;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *table = NULL;
  const GOptionEntry entries[] = {
    { G_OPTION_REMAINING, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries,
                       _("List the regions, their sizes and who is in them."),
                       _("“in use” is a region that is held, but is no room.")))
    return CTL_EXIT_USAGE;

  if (rest != NULL && rest[0] != NULL)
    return ctl_verb_usage_error (_("“%s” is too much: list takes no argument."), rest[0]);

  regions = shmooze_region_list (&error);
  if (regions == NULL)
    return ctl_verb_error ("%s", error->message);

  g_ptr_array_sort (regions, compare_regions);
  /* Translators: the heads of a table's columns */
  g_ptr_array_add (rows, row_new (_("NAME"), _("SIZE"), _("WHO")));

  for (guint i = 0; i < regions->len; i++)
    {
      const ShmoozeRegionInfo *region = g_ptr_array_index (regions, i);
      g_autofree char *size = ctl_text_size (region->capacity);
      g_autofree char *who = describe_holders (region);

      g_ptr_array_add (rows, row_new (region->name, size, who));
    }

  table = regions->len > 0 ? format_table (rows) : g_strconcat (_("No regions."), "\n", NULL);
  if (!ctl_output_write (table, -1, &error))
    return ctl_verb_error ("%s", error->message);

  return CTL_EXIT_DONE;
}
