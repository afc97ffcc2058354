"""What the examinations of the VAE take for right."""

from autograder.reference import densities, vae


class Reference:
    """What the examinations of the VAE take for right, in float64 (see `vikit.exams.vae`)."""

    @staticmethod
    def sample_latent(mu, log_var, eps):
        return vae.latent_samples(mu, log_var, eps).numpy()

    @staticmethod
    def reconstruction(x, outputs, sigma=None):
        return -vae.log_px_given_z(x, outputs, sigma)

    @staticmethod
    def mean_reconstruction(x, outputs, sigma=None):
        return -vae.log_px_given_z(x, outputs, sigma).mean(axis=1)

    @staticmethod
    def kl(mu, log_var):
        return densities.kl_to_standard_normal(mu, log_var).numpy()

    @staticmethod
    def mean_kl(mu, log_var):
        return Reference.kl(mu, log_var).mean()

    @staticmethod
    def latent_gradient(mu, log_var, eps, cotangent):
        """Returns the gradients of sum(cotangent * z) in mu and log_var: dz/dmu = 1, dz/dlog_var = (z - mu) / 2."""
        z = vae.latent_samples(mu, log_var, eps).numpy()
        return cotangent.sum(0), (cotangent * (z - mu) / 2).sum(0)
