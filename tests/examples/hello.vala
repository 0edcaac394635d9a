// SPDX-License-Identifier: LGPL-2.1-or-later
// hello write NAME TEXT: creates a region and holds it until end of input. hello read NAME: prints the text.
int main (string[] args) {
    try {
        if (args.length == 4 && args[1] == "write") {
            var region = new Shmooze.Region.create (args[2], 100, READ_WRITE);
            var view = region.create_view (0, 0, READ_WRITE);
            view.write (0, args[3].data);
            stdout.puts ("holding\n");
            stdout.flush ();
            while (stdin.getc () != FileStream.EOF) { }
        } else if (args.length == 3 && args[1] == "read") {
            var region = new Shmooze.Region.open (args[2], READ);
            var view = region.create_view (0, 0, READ);
            var text = new uint8[101];
            view.read (0, text[:100]);
            stdout.printf ("%s\n", (string) text);
        }
        return 0;
    } catch (Error error) {
        stderr.printf ("%s\n", error.message);
        return 1;
    }
}
