"""A story: what processes do on hosts, told once and without any vendor's words. vendors.py renders it.

A step is a plain dict: its kind, its time (seconds since the story's begin), its process, and what the kind needs. Every
identifier is a hash of where it occurs, so a story renders to the same bytes every time.
"""
import datetime
import hashlib

BEGIN = datetime.datetime(2023, 3, 1, 8, 0, 0)
MINUTE, HOUR, DAY = 60, 3600, 86400


def digest(kind, *parts):
    """The hash that a made-up file has: kind is md5, sha1 or sha256."""
    return hashlib.new(kind, "|".join(map(str, parts)).encode()).hexdigest()


def hex_of(digits, *parts):
    return digest("sha256", *parts)[:digits]


class File:
    """What a sensor knows of a file on disk. Hashes that are not given are made up from the path and the salt."""

    def __init__(self, path, *, hashes=None, version="-", original="-", company="-", signer=None, salt=""):
        self.path = path
        self.version, self.original, self.company, self.signer = version, original, company, signer
        self.hashes = {kind: digest(kind, path.rsplit("\\", 1)[-1], version, salt) for kind in ("md5", "sha1", "sha256")}
        # One real hash beside made-up ones of other kinds: a variant of which only that one was published.
        self.hashes.update(hashes or {})

    @property
    def name(self):
        return self.path.replace("/", "\\").rsplit("\\", 1)[-1]

    def at(self, path):
        """The same content in another place."""
        copy = File(path, hashes=self.hashes, version=self.version, original=self.original, company=self.company,
                    signer=self.signer)
        return copy


class Host:
    def __init__(self, story, name, system="windows", user="kim"):
        self.story, self.name, self.system, self.user = story, name, system, user

    def path(self, text):
        """{u}: the user's folder."""
        return text.replace("{u}", ("C:\\Users\\" if self.system == "windows" else "/Users/") + self.user)

    def process(self, image, at, parent=None, command_line=None, seen=True, pid=None, elevated=False):
        """A process; `seen`: a sensor reports its start."""
        return Process(self, image, at, parent, command_line, seen, pid, elevated)


class Process:
    count = 0

    def __init__(self, host, image, at, parent, command_line, seen, pid, elevated):
        self.host, self.story, self.parent, self.start = host, host.story, parent, at
        self.file = image if isinstance(image, File) else File(image)
        self.image = self.file.path
        self.command_line = command_line or f'"{self.image}"'
        self.elevated = elevated
        self.number = len(self.story.processes) + 1
        self.pid = pid or 4000 + 4 * self.number
        self.story.processes.append(self)
        if seen:
            self.step("start", 0)

    def step(self, kind, after, **what):
        self.story.steps.append({"kind": kind, "at": self.start + after, "process": self, **what})
        return self

    def child(self, image, after, command_line=None, **more):
        return Process(self.host, image, self.start + after, self, command_line, more.pop("seen", True),
                       more.pop("pid", None), more.pop("elevated", self.elevated))

    def load(self, after, file):
        return self.step("load", after, file=file if isinstance(file, File) else File(file))

    def ask(self, after, name, addresses=("203.0.113.80",)):
        return self.step("dns", after, name=name, addresses=addresses)

    def connect(self, after, address, port=443, name="-"):
        return self.step("connect", after, address=address, port=port, name=name)

    def visit(self, after, name, address="203.0.113.80", url=None):
        """A look-up, the connection, and the request where a sensor shows it."""
        self.ask(after, name, (address,)).connect(after + 0.05, address)
        return self.step("url", after + 0.1, url=url) if url else self

    def write(self, after, file):
        return self.step("file", after, file=file if isinstance(file, File) else File(file))

    def delete(self, after, path):
        return self.step("delete", after, file=File(path))

    def pipe(self, after, name):
        return self.step("pipe", after, name=name)

    def thread_in(self, after, target):
        return self.step("thread", after, target=target)

    def read(self, after, path):
        """An object access with auditing (Security 4663): hardly anybody has it."""
        return self.step("read", after, file=File(path))

    def indicator(self, after, name, category, description):
        return self.step("indicator", after, name=name, category=category, description=description)

    def end(self, after):
        return self.step("end", after)


class Story:
    def __init__(self, name):
        self.name, self.steps, self.processes = name, [], []

    def host(self, name="PC301", system="windows", user="kim"):
        return Host(self, name, system, user)

    def ordered(self):
        """The steps in the order of their times; steps of one time in the order they were told."""
        return sorted(self.steps, key=lambda step: step["at"])


def without(story, *kinds):
    """The story as a sensor tells it that does not record these kinds of steps."""
    story.steps = [step for step in story.steps if step["kind"] not in kinds]
    return story
