"""How the program lives and dies on a jump host: signals, terminals that stall or go, sizes, locales, full disks."""
