/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-application.h"

#include "chat-messenger-window.h"
#include "chat-share-window.h"
#include "chat-show-window.h"
#include "chat-window.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>

/* Each window is a process of its own. Windows share nothing but the region. */
struct _ChatApplication
{
  GtkApplication  parent_instance;

  ChatKind        kind;
  char           *region;
  char           *nick;
  ShmoozeWait     wait;
  gboolean        is_joining;
  GAsyncResult   *joined;             /* kept until the window exists */
  guint           present_id;         /* presents the window although joining is not finished */
  guint           signal_sources[3];
};

G_DEFINE_FINAL_TYPE (ChatApplication, chat_application, GTK_TYPE_APPLICATION)

static const char *
get_wait_name (ShmoozeWait wait)
{
  switch (wait)
    {
    case SHMOOZE_WAIT_BELL:
      return "bell";
    case SHMOOZE_WAIT_POLL:
      return "poll";
    case SHMOOZE_WAIT_AUTO:
    case SHMOOZE_WAIT_SPIN:
    default:
      return "auto";
    }
}

static char *
find_own_executable (GError **error)
{
  char *path = g_file_read_link ("/proc/self/exe", error);

  /* The kernel appends this if a newer version has been installed meanwhile. */
  if (path != NULL && g_str_has_suffix (path, " (deleted)"))
    path[strlen (path) - strlen (" (deleted)")] = '\0';

  return path;
}

/* Tells the desktop that the new window results from a click in this one and may take the focus. */
static void
pass_activation (GSubprocessLauncher *launcher,
                 GtkWindow           *window)
{
  g_autoptr (GdkAppLaunchContext) context = NULL;
  g_autoptr (GAppInfo) info = NULL;
  g_autofree char *token = NULL;

  if (window == NULL)
    return;

  context = gdk_display_get_app_launch_context (gtk_widget_get_display (GTK_WIDGET (window)));
  info = g_app_info_create_from_commandline ("shmooze", "Shmooze", G_APP_INFO_CREATE_SUPPORTS_STARTUP_NOTIFICATION,
                                             NULL);
  if (info != NULL)
    token = g_app_launch_context_get_startup_notify_id (G_APP_LAUNCH_CONTEXT (context), info, NULL);

  if (token != NULL)
    {
      g_subprocess_launcher_setenv (launcher, "DESKTOP_STARTUP_ID", token, TRUE);
      g_subprocess_launcher_setenv (launcher, "XDG_ACTIVATION_TOKEN", token, TRUE);
    }
}

static gboolean
spawn (GtkWindow           *window,
       const char * const  *arguments,
       GError             **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *executable = find_own_executable (error);

  if (executable == NULL)
    return FALSE;

  g_ptr_array_add (argv, executable);
  for (guint i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) arguments[i]);
  g_ptr_array_add (argv, NULL);

  pass_activation (launcher, window);
  process = g_subprocess_launcher_spawnv (launcher, (const char * const *) argv->pdata, error);

  return process != NULL;
}

static void
open_window (ChatApplication    *self,
             const char * const *arguments)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));
  g_autoptr (GError) error = NULL;
  GtkWidget *dialog;

  if (spawn (window, arguments, &error))
    return;

  dialog = gtk_message_dialog_new (window, GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT,
                                   GTK_MESSAGE_ERROR, GTK_BUTTONS_CLOSE, "%s", _("Could Not Open Another Window"));
  gtk_message_dialog_format_secondary_text (GTK_MESSAGE_DIALOG (dialog), "%s", error->message);
  g_signal_connect_object (dialog, "response", G_CALLBACK (gtk_window_destroy), dialog, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* Opens the counterpart of this window. */
static void
new_window (GSimpleAction *action,
            GVariant      *parameter,
            gpointer       data)
{
  ChatApplication *self = data;
  g_autofree char *nick = g_strconcat ("--name=", self->nick, NULL);
  g_autofree char *wait = g_strconcat ("--wait=", get_wait_name (self->wait), NULL);

  switch (self->kind)
    {
    case CHAT_KIND_MESSENGER:
      open_window (self, (const char * const []) { "--messenger", "--", self->region, NULL });
      break;
    case CHAT_KIND_SHARE:
      open_window (self, (const char * const []) { "--show", "--", self->region, NULL });
      break;
    case CHAT_KIND_SHOW:
      open_window (self, (const char * const []) { "--share", "--", self->region, NULL });
      break;
    case CHAT_KIND_ROOM:
    default:
      open_window (self, (const char * const []) { nick, wait, "--", self->region, NULL });
      break;
    }
}

static void
open_demo (GSimpleAction *action,
           GVariant      *parameter,
           gpointer       data)
{
  g_autofree char *option = g_strconcat ("--", g_variant_get_string (parameter, NULL), NULL);

  open_window (data, (const char * const []) { option, NULL });
}

static void
show_about (GSimpleAction *action,
            GVariant      *parameter,
            gpointer       data)
{
  gtk_show_about_dialog (gtk_application_get_active_window (GTK_APPLICATION (data)),
                         "program-name", "Shmooze",
                         "logo-icon-name", APP_ID,
                         "version", VERSION,
                         "comments", _("Chat, letter by letter: two windows, one piece of memory"),
                         "copyright", "© 2026 The Shmooze developers",
                         "license-type", GTK_LICENSE_LGPL_2_1,
                         /* Translators: your name, and that of others who translated; one a line */
                         "translator-credits", _("translator-credits"),
                         NULL);
}

/* Closes the window rather than the application, because it may ask about messages that have not been sent. */
static void
quit (GSimpleAction *action,
      GVariant      *parameter,
      gpointer       data)
{
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (data)); l != NULL; l = l->next)
    if (GTK_IS_APPLICATION_WINDOW (l->data))
      {
        gtk_window_close (GTK_WINDOW (l->data));
        return;
      }

  g_application_quit (G_APPLICATION (data));
}

/* Created on demand; GTK would create it with each window. */
static void
show_shortcuts (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       data)
{
  static const char * const views[] = { "talk", "talk", "share", "show" };
  GtkApplicationWindow *window = data;

  if (gtk_application_window_get_help_overlay (window) == NULL)
    {
      g_autoptr (GtkBuilder) builder = gtk_builder_new_from_resource ("/io/github/shmooze/Shmooze/chat-shortcuts.ui");
      GtkShortcutsWindow *shortcuts = GTK_SHORTCUTS_WINDOW (gtk_builder_get_object (builder, "help_overlay"));
      ChatApplication *self = CHAT_APPLICATION (gtk_window_get_application (GTK_WINDOW (window)));

      g_object_set (shortcuts, "view-name", views[self->kind], NULL);
      gtk_application_window_set_help_overlay (window, shortcuts);
    }

  gtk_window_present (GTK_WINDOW (gtk_application_window_get_help_overlay (window)));
}

static ChatWindow *
find_chat_window (ChatApplication *self)
{
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    if (CHAT_IS_WINDOW (l->data))
      return l->data;

  return NULL;
}

/* Passes the room, or the error, to the window. */
static void
hand_over (ChatApplication *self)
{
  ChatWindow *window = find_chat_window (self);
  g_autoptr (GAsyncResult) joined = NULL;
  g_autoptr (ShmoozeRoom) room = NULL;
  g_autoptr (GError) error = NULL;

  if (self->joined == NULL || window == NULL)
    return;

  joined = g_steal_pointer (&self->joined);
  room = shmooze_room_join_finish (joined, &error);

  if (room != NULL)
    chat_window_enter (window, room);
  else
    chat_window_show_error (window, error);
}

static void
present (ChatApplication *self)
{
  g_clear_handle_id (&self->present_id, g_source_remove);
  gtk_window_present (GTK_WINDOW (find_chat_window (self)));
}

static void
on_joined (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  ChatApplication *self = data;

  self->is_joining = FALSE;
  g_set_object (&self->joined, result);
  hand_over (self);

  if (self->present_id != 0)
    present (self);
}

/* Joining may take some time; the window can be shown meanwhile. */
static void
begin_joining (ChatApplication *self)
{
  if (self->is_joining)
    return;

  self->is_joining = TRUE;
  shmooze_room_join_async (self->region, self->nick, self->wait, NULL, on_joined, self);
}

/* Waits until joining is finished, so that a seat that was taken is released cleanly. */
static void
end_joining (ChatApplication *self)
{
  while (self->is_joining)
    g_main_context_iteration (NULL, TRUE);

  g_clear_object (&self->joined);
}

static void
join (GSimpleAction *action,
      GVariant      *parameter,
      gpointer       data)
{
  begin_joining (data);
}

static gboolean
on_unix_signal (gpointer data)
{
  g_application_quit (G_APPLICATION (data));

  return G_SOURCE_CONTINUE;
}

static void
chat_application_startup (GApplication *application)
{
  ChatApplication *self = CHAT_APPLICATION (application);
  const GActionEntry entries[] = {
    { .name = "join", .activate = join },
    { .name = "new-window", .activate = new_window },
    { .name = "demo", .activate = open_demo, .parameter_type = "s" },
    { .name = "about", .activate = show_about },
    { .name = "quit", .activate = quit },
  };
  const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
  g_autoptr (GtkCssProvider) provider = NULL;

  G_APPLICATION_CLASS (chat_application_parent_class)->startup (application);

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  gtk_application_set_accels_for_action (GTK_APPLICATION (self), "app.new-window",
                                         (const char *[]) { "<Control>n", NULL });
  gtk_application_set_accels_for_action (GTK_APPLICATION (self), "app.quit",
                                         (const char *[]) { "<Control>q", NULL });
  gtk_application_set_accels_for_action (GTK_APPLICATION (self), "window.close",
                                         (const char *[]) { "<Control>w", NULL });
  gtk_application_set_accels_for_action (GTK_APPLICATION (self), "win.show-help-overlay",
                                         (const char *[]) { "<Control>question", NULL });

  provider = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (provider, "/io/github/shmooze/Shmooze/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);

  /* Leave the room cleanly on these signals; otherwise the peers would report a crash. */
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    self->signal_sources[i] = g_unix_signal_add (numbers[i], on_unix_signal, self);

  /* Joins while the window is being created. */
  if (self->kind == CHAT_KIND_ROOM)
    begin_joining (self);
}

static void
chat_application_window_added (GtkApplication *application,
                               GtkWindow      *window)
{
  const GActionEntry entries[] = { { .name = "show-help-overlay", .activate = show_shortcuts } };

  GTK_APPLICATION_CLASS (chat_application_parent_class)->window_added (application, window);

  if (GTK_IS_APPLICATION_WINDOW (window))
    g_action_map_add_action_entries (G_ACTION_MAP (window), entries, G_N_ELEMENTS (entries), window);
}

static GtkWidget *
make_window (ChatApplication *self)
{
  GtkApplication *application = GTK_APPLICATION (self);

  switch (self->kind)
    {
    case CHAT_KIND_MESSENGER:
      return chat_messenger_window_new (application, self->region);
    case CHAT_KIND_SHARE:
      return chat_share_window_new (application, self->region);
    case CHAT_KIND_SHOW:
      return chat_show_window_new (application, self->region);
    case CHAT_KIND_ROOM:
    default:
      return chat_window_new (application, self->region);
    }
}

/* For the window manager. Loading the pictures takes time, so it is done after the window has been presented. */
static gboolean
set_icon (gpointer data)
{
  gtk_window_set_default_icon_name (APP_ID);

  return G_SOURCE_REMOVE;
}

static gboolean
on_present_timeout (gpointer data)
{
  ChatApplication *self = data;

  self->present_id = 0;
  present (self);

  return G_SOURCE_REMOVE;
}

static void
chat_application_activate (GApplication *application)
{
  ChatApplication *self = CHAT_APPLICATION (application);
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  if (window == NULL)
    window = GTK_WINDOW (make_window (self));

  hand_over (self);
  if (self->is_joining)
    self->present_id = g_timeout_add (100, on_present_timeout, self);
  else
    gtk_window_present (window);
  g_idle_add (set_icon, NULL);
}

static void
chat_application_shutdown (GApplication *application)
{
  ChatApplication *self = CHAT_APPLICATION (application);
  GtkWindow *window;

  for (gsize i = 0; i < G_N_ELEMENTS (self->signal_sources); i++)
    g_clear_handle_id (&self->signal_sources[i], g_source_remove);

  /* A quit may not have closed the window, which leaves its room when it is destroyed. */
  while ((window = gtk_application_get_active_window (GTK_APPLICATION (self))) != NULL)
    gtk_window_destroy (window);

  g_clear_handle_id (&self->present_id, g_source_remove);
  end_joining (self);

  G_APPLICATION_CLASS (chat_application_parent_class)->shutdown (application);
}

static void
chat_application_finalize (GObject *object)
{
  ChatApplication *self = CHAT_APPLICATION (object);

  g_free (self->region);
  g_free (self->nick);

  G_OBJECT_CLASS (chat_application_parent_class)->finalize (object);
}

static void
chat_application_class_init (ChatApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = chat_application_finalize;
  application_class->startup = chat_application_startup;
  application_class->activate = chat_application_activate;
  application_class->shutdown = chat_application_shutdown;
  GTK_APPLICATION_CLASS (klass)->window_added = chat_application_window_added;
}

static void
chat_application_init (ChatApplication *self)
{
}

ChatApplication *
chat_application_new (ChatKind     kind,
                      const char  *region,
                      const char  *nick,
                      ShmoozeWait  wait)
{
  ChatApplication *self = g_object_new (CHAT_TYPE_APPLICATION,
                                        "application-id", APP_ID,
                                        "flags", G_APPLICATION_NON_UNIQUE,
                                        "resource-base-path", "/io/github/shmooze/Shmooze",
                                        NULL);

  self->kind = kind;
  self->region = g_strdup (region);
  self->nick = g_strdup (nick);
  self->wait = wait;

  return self;
}
