/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <shmooze/shmooze.h>

#include <stdlib.h>
#include <string.h>

/* Performs one named operation N times under callgrind, which counts only instructions in budget_measured().
 *
 *     budget OPERATION N    does it, N times counted
 *     budget                prints the operations' names
 *     budget --build        prints what the counts depend on, as key=value words
 */

#define MESSAGE_SIZE 64
#define DRAFT_SIZE 80
#define READERS_MAX 15
#define WARM_UP 500  /* the queue wraps, and the caches of GLib are filled */

static const char message[MESSAGE_SIZE] __attribute__ ((aligned (64))) = "sixty-four bytes";
/* Two drafts, because an unchanged one need not be published. */
static const char drafts[2][DRAFT_SIZE + 16] __attribute__ ((aligned (64))) = {
  "The quick brown fox jumps over the lazy dog, and then it does so once more, why?",
  "The quick brown fox jumps over the lazy dog, and then it does so once more, why."
};

static struct
{
  ShmoozeRegion *region;
  ShmoozeView   *view;
  ShmoozeWriter *writer;
  ShmoozeReader *readers[READERS_MAX];
  guint          n_readers;
  ShmoozeRoom   *ada;
  ShmoozeRoom   *ben;
  guint          n_drafts;
  guint          n_heard;
  guint          n_sent;
  guint          n_seen;
} stage;

typedef struct
{
  const char *name;
  void      (*prepare) (int parameter);
  int         parameter;
  void      (*act)     (void);  /* counted */
  void      (*rest)    (void);  /* done between two calls of act() */
} Operation;

void budget_measured (const Operation *operation);

static void
check (gboolean    good,
       GError     *error,
       const char *what)
{
  if (good)
    return;

  g_printerr ("budget: %s: %s\n", what, error != NULL ? error->message : "went wrong");
  exit (EXIT_FAILURE);
}

/* The lane */

static void
prepare_lane (guint       n_readers,
              ShmoozeWait wait)
{
  GError *error = NULL;

  stage.region = shmooze_region_create ("budget", 64 * 1024, SHMOOZE_ACCESS_READ_WRITE, &error);
  check (stage.region != NULL, error, "region");
  stage.view = shmooze_region_create_view (stage.region, 0, 0, SHMOOZE_ACCESS_READ_WRITE, &error);
  check (stage.view != NULL, error, "view");
  stage.writer = shmooze_writer_new (stage.view, n_readers, DRAFT_SIZE, &error);
  check (stage.writer != NULL, error, "writer");
  for (guint i = 0; i < n_readers; i++)
    {
      stage.readers[i] = shmooze_reader_new (stage.view, wait, &error);
      check (stage.readers[i] != NULL, error, "reader");
    }
  stage.n_readers = n_readers;
}

static void
prepare_reader (int wait)
{
  prepare_lane (1, (ShmoozeWait) wait);
}

static void
prepare_readers (int n_readers)
{
  prepare_lane ((guint) n_readers, SHMOOZE_WAIT_BELL);
}

static void
do_write (void)
{
  gboolean written = shmooze_writer_write (stage.writer, message, MESSAGE_SIZE, NULL);

  check (written, NULL, "write");
}

static void
take (ShmoozeReader *reader)
{
  gsize size;
  gconstpointer data = shmooze_reader_peek (reader, &size, NULL);

  check (data != NULL && size == MESSAGE_SIZE, NULL, "peek");
  shmooze_reader_release (reader);
}

static void
do_write_and_read (void)
{
  do_write ();
  take (stage.readers[0]);
}

static void
do_write_and_take (void)
{
  gconstpointer data;
  gsize size;

  do_write ();
  data = shmooze_reader_next (stage.readers[0], -1, NULL, &size, NULL);
  check (data != NULL && size == MESSAGE_SIZE, NULL, "next");
}

static void
all_read (void)
{
  for (guint i = 0; i < stage.n_readers; i++)
    take (stage.readers[i]);
}

static void
do_draft (void)
{
  gboolean published = shmooze_writer_set_draft (stage.writer, drafts[stage.n_drafts++ % 2], DRAFT_SIZE, NULL);

  check (published, NULL, "draft");
}

static void
do_draft_and_read (void)
{
  gsize length;
  char *text;

  do_draft ();
  text = shmooze_reader_read_draft (stage.readers[0], &length, NULL);
  check (text != NULL && length == DRAFT_SIZE, NULL, "read draft");
  g_free (text);
}

/* Two rooms in one main context */

static void
on_draft (ShmoozeRoom *room,
          ShmoozePeer *peer)
{
  stage.n_seen++;
}

static void
on_message (ShmoozeRoom    *room,
            ShmoozeMessage *heard)
{
  if (!shmooze_message_is_own (heard))
    stage.n_heard++;
}

static ShmoozeRoom *
join (const char *nick)
{
  GError *error = NULL;
  ShmoozeRoom *room = shmooze_room_join ("budget", nick, SHMOOZE_WAIT_BELL, &error);

  check (room != NULL, error, "room");
  g_signal_connect (room, "message", G_CALLBACK (on_message), NULL);
  g_signal_connect (room, "draft-changed", G_CALLBACK (on_draft), NULL);
  return room;
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
prepare_rooms (int parameter)
{
  stage.ada = join ("Ada");
  stage.ben = join ("Ben");
  while (g_list_model_get_n_items (shmooze_room_get_peers (stage.ada)) == 0)
    g_main_context_iteration (NULL, TRUE);
  settle ();
}

static void
do_room_draft (void)
{
  check (shmooze_room_set_draft (stage.ada, drafts[stage.n_drafts++ % 2], NULL), NULL, "draft");
}

/* Ben's room sleeps again before the next keystroke. */
static void
draft_is_seen (void)
{
  while (stage.n_seen < stage.n_drafts)
    g_main_context_iteration (NULL, TRUE);
  settle ();
}

static void
on_sent (GObject      *room,
         GAsyncResult *result,
         gpointer      user_data)
{
  check (shmooze_room_send_finish (SHMOOZE_ROOM (room), result, NULL), NULL, "send");
  stage.n_sent++;
}

static void
say (ShmoozeRoom *from)
{
  guint until = stage.n_heard + 1;

  shmooze_room_send_async (from, drafts[0], NULL, on_sent, NULL);
  while (stage.n_heard < until || stage.n_sent < until)
    g_main_context_iteration (NULL, TRUE);
}

static void
do_room_message (void)
{
  say (stage.ada);
  say (stage.ben);
}

/* The operations */

static const Operation operations[] = {
  { "write-read-spin", prepare_reader, SHMOOZE_WAIT_SPIN, do_write_and_read, NULL },
  { "write-read-bell", prepare_reader, SHMOOZE_WAIT_BELL, do_write_and_read, NULL },
  { "write-next-spin", prepare_reader, SHMOOZE_WAIT_SPIN, do_write_and_take, NULL },
  { "write-1", prepare_readers, 1, do_write, all_read },
  { "write-2", prepare_readers, 2, do_write, all_read },
  { "write-4", prepare_readers, 4, do_write, all_read },
  { "write-8", prepare_readers, 8, do_write, all_read },
  { "write-15", prepare_readers, READERS_MAX, do_write, all_read },
  { "draft", prepare_reader, SHMOOZE_WAIT_BELL, do_draft, NULL },
  { "draft-read", prepare_reader, SHMOOZE_WAIT_BELL, do_draft_and_read, NULL },
  { "room-draft", prepare_rooms, 0, do_room_draft, draft_is_seen },
  { "room-message", prepare_rooms, 0, do_room_message, settle }
};

/* callgrind is given this name. */
G_NO_INLINE void
budget_measured (const Operation *operation)
{
  operation->act ();
}

static void
perform (const Operation *operation,
         guint            n)
{
  operation->prepare (operation->parameter);
  for (guint i = 0; i < WARM_UP + n; i++)
    {
      if (i < WARM_UP)
        operation->act ();
      else
        budget_measured (operation);
      if (operation->rest != NULL)
        operation->rest ();
    }
}

static void
leave (void)
{
  g_clear_object (&stage.ada);
  g_clear_object (&stage.ben);
  for (guint i = 0; i < stage.n_readers; i++)
    g_clear_object (&stage.readers[i]);
  g_clear_object (&stage.writer);
  g_clear_object (&stage.view);
  g_clear_object (&stage.region);
}

static void
print_build (void)
{
#ifdef __clang__
  g_print ("compiler=clang-%d ", __clang_major__);
#else
  g_print ("compiler=gcc-%d ", __GNUC__);
#endif
#ifdef __OPTIMIZE__
  g_print ("optimization=%s ", BUDGET_OPTIMIZATION);
#else
  g_print ("optimization=none ");
#endif
  g_print ("machine=%s glib=%u.%u\n", BUDGET_MACHINE, glib_major_version, glib_minor_version);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 2 && strcmp (argv[1], "--build") == 0)
    print_build ();
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    if (argc == 1)
      g_print ("%s\n", operations[i].name);
    else if (argc == 3 && strcmp (argv[1], operations[i].name) == 0)
      {
        perform (&operations[i], (guint) g_ascii_strtoull (argv[2], NULL, 10));
        leave ();
        return EXIT_SUCCESS;
      }
  return argc == 3 ? EXIT_FAILURE : EXIT_SUCCESS;
}
