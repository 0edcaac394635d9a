/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "testlib.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
flood (TestRoom   *room,
       const char *arguments)
{
  char *end;
  guint count = (guint) g_ascii_strtoull (arguments, &end, 10);
  gsize size = (gsize) g_ascii_strtoull (end, NULL, 10);

  for (guint i = 0; i < count; i++)
    {
      g_autofree char *padding = g_strnfill (size, '.');
      g_autofree char *text = g_strdup_printf ("%s %u%s", shmooze_room_get_nick (room->room), i, padding);

      test_room_send (room, text);
    }
}

static void
obey (TestRoom   *room,
      const char *order)
{
  if (g_str_has_prefix (order, "draft "))
    test_room_draft (room, order + 6);
  else if (g_str_has_prefix (order, "send "))
    test_room_send (room, order + 5);
  else if (g_str_has_prefix (order, "flood "))
    flood (room, order + 6);
  else if (g_str_has_prefix (order, "see "))
    test_wait (test_room_has_message (room, order + 4));
  else if (g_str_has_prefix (order, "see-draft "))
    {
      g_auto(GStrv) words = g_strsplit (order + 10, " ", 2);

      test_wait (g_strcmp0 (test_room_draft_of (room, words[0]), words[1]) == 0);
    }
  else if (g_str_has_prefix (order, "count "))
    test_wait (room->messages->len >= (guint) atoi (order + 6));
  else if (strcmp (order, "fork") == 0)
    {
      if (fork () == 0)
        {
          char byte;

          while (read (STDIN_FILENO, &byte, 1) > 0)
            ;
          _exit (0);
        }
    }
  else if (strcmp (order, "leave") == 0)
    shmooze_room_leave (room->room);
  else
    g_error ("Unknown command “%s”", order);
}

/* REGION NICK */
void
test_talker_role (int    argc,
                  char **argv)
{
  g_autoptr(TestRoom) room = test_room_join (argv[0], argv[1], SHMOOZE_WAIT_AUTO);
  char *order;

  test_say ("joined %s", shmooze_room_get_nick (room->room));
  while ((order = test_hear ()) != NULL)
    {
      if (strcmp (order, "transcript") == 0)
        {
          g_autofree char *transcript = test_room_transcript (room);

          test_say ("%s", transcript);
        }
      else
        {
          obey (room, order);
          test_say ("done");
        }
      g_free (order);
    }
}

TestChild *
test_talker_new (const char *region_name,
                 const char *nick)
{
  TestChild *self = test_child_new ("talker", region_name, nick, NULL);
  g_autofree char *joined = g_strdup_printf ("joined %s", nick);

  test_child_expect (self, joined);
  return self;
}

/* Sends a command and waits until it is done. */
void
test_talker_do (TestChild  *self,
                const char *format,
                ...)
{
  g_autofree char *order = NULL;
  va_list arguments;

  va_start (arguments, format);
  order = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  test_child_tell (self, "%s", order);
  test_child_expect (self, "done");
}
