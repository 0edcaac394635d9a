/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hello write NAME TEXT: creates a region and holds it until end of input. hello read NAME: prints the text. */
#include <shmooze/shmooze.h>
#include <stdio.h>

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL;
  char text[101] = "";

  if (argc == 4 && g_str_equal (argv[1], "write"))
    {
      region = shmooze_region_create (argv[2], 100, SHMOOZE_ACCESS_READ_WRITE, &error);
      if (region != NULL)
        view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ_WRITE, &error);
      if (view != NULL && shmooze_view_write (view, 0, argv[3], strlen (argv[3]), &error))
        {
          puts ("holding");
          fflush (stdout);
          while (getchar () != EOF)
            ;
        }
    }
  else if (argc == 3 && g_str_equal (argv[1], "read"))
    {
      region = shmooze_region_open (argv[2], SHMOOZE_ACCESS_READ, &error);
      if (region != NULL)
        view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ, &error);
      if (view != NULL && shmooze_view_read (view, 0, text, 100, &error) >= 0)
        puts (text);
    }
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return error != NULL;
}
