"""A Django site in one file: settings, URLs, views, and Django's own admin on SQLite.

usage: python3 app.py migrate            any of Django's commands
       gunicorn --bind unix:app.sock app
"""

import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.management.utils import get_random_secret_key
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.template import engines
from django.urls import path

# Everything that is written while it runs; run.sh says where.
DATA = Path(os.environ.get("DJANGO_DATA", Path(__file__).resolve().parent / "data"))
DATA.mkdir(mode=0o700, parents=True, exist_ok=True)


def secret_key():
    """The same key for every worker and after a restart, so that sessions last, and never one that is in a repository."""
    file = DATA / "secret-key"
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(get_random_secret_key())
    except FileExistsError:
        pass
    return file.read_text()


settings.configure(
    SECRET_KEY=secret_key(),
    DEBUG=False,
    # The gateway keeps the visitor's Host, so Django checks the names that visitors use.
    ALLOWED_HOSTS=["localhost", "127.0.0.1", "[::1]"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / "db.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    STATIC_URL="/static/",
    # collectstatic writes below a folder that is the gateway's --static: a file's path there is its path in the URL.
    STATIC_ROOT=DATA / "public" / "static",
)

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Django behind a gateway</title>
<h1>Django behind a gateway</h1>
{% if said is not None %}<p>You said: <q>{{ said }}</q></p>{% endif %}
<form method="post" action="/say">{% csrf_token %}<input name="text"> <button>Say</button></form>
<p><a href="/admin/">Admin</a>, <a href="/own-502">a 502 of Django's own</a></p>
"""


def show(request, said=None):
    return HttpResponse(engines["django"].from_string(PAGE).render({"said": said}, request))


def home(request):
    return show(request)


def say(request):
    return show(request, request.POST.get("text", ""))


def own_502(request):
    """A 502 that the app means: a service behind it failed, and it has something to say about that."""
    return HttpResponse("Django says: the payment service did not answer.\n", status=502, content_type="text/plain")


django.setup()

from django.contrib import admin  # noqa: E402  its models need the settings

urlpatterns = [
    path("", home),
    path("say", say),
    path("own-502", own_502),
    path("admin/", admin.site.urls),
]

# The name that Gunicorn looks for in a module.
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
