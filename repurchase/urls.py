"""Every address. Seller pages need a member; /b/ needs its link; /codes/ and health are open to all."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from repurchase.views import codes, health, shell

admin.site.site_header = _("Bulk Repeat Order: platform administration")
admin.site.site_title = _("Bulk Repeat Order")
admin.site.index_title = _("Administration")

urlpatterns = [
    # the frame
    path("sign-in/", shell.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("store/", shell.switch_store, name="store-switch"),
    path("language/", include("django.conf.urls.i18n")),
    path("codes/", codes.every, name="codes"),
    path("codes/<str:name>/", codes.one, name="code"),
    path("admin/", admin.site.urls),
    # machines
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]

handler400 = "repurchase.views.errors.bad_request"
handler403 = "repurchase.views.errors.not_allowed"
handler404 = "repurchase.views.errors.not_found"
handler500 = "repurchase.views.errors.failed"
