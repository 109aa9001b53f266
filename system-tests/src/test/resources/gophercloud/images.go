package main

import (
	"crypto/md5"
	"fmt"
	"io"
	"os"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/imagedata"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/images"
)

// Of the file that is named after the scene.
func makeImages() {
	client := service("image")
	upload(client, "disk", os.Args[2])
	disk := imageNamed(client, "disk")
	say("status", disk.Status)
	say("min disk", disk.MinDiskGigabytes)
	say("visibility", disk.Visibility)
	say("property", disk.Properties["purpose"])
	say("checksum is right", disk.Checksum == sumOf(got(os.Open(os.Args[2]))))
	say("content is right", disk.Checksum == sumOf(got(imagedata.Download(client, disk.ID).Extract())))

	upload(client, "other", os.Args[2])
	var names []string
	page := pages(images.List(client, images.ListOpts{Limit: 1}))
	for _, image := range got(images.ExtractImages(page)) {
		names = append(names, image.Name)
	}
	sayAll("by pages of one", names)
	other := imageNamed(client, "other")
	must(images.Delete(client, other.ID).ExtractErr())
	_, err := images.Get(client, other.ID).Extract()
	sayRefusal("deleted", err)
}

func upload(client *gophercloud.ServiceClient, name string, file string) {
	private := images.ImageVisibilityPrivate
	made := got(images.Create(client, images.CreateOpts{
		Name:            name,
		DiskFormat:      "qcow2",
		ContainerFormat: "bare",
		MinDisk:         1,
		Visibility:      &private,
		Properties:      map[string]string{"purpose": "test"},
	}).Extract())
	content := got(os.Open(file))
	defer content.Close()
	must(imagedata.Upload(client, made.ID, content).ExtractErr())
}

func imageNamed(client *gophercloud.ServiceClient, name string) images.Image {
	found := got(images.ExtractImages(pages(images.List(client, images.ListOpts{Name: name}))))
	if len(found) != 1 {
		stop(fmt.Sprintf("images of name %s: %v", name, found))
	}
	return found[0]
}

func sumOf(content io.ReadCloser) string {
	defer content.Close()
	sum := md5.New()
	got(io.Copy(sum, content))
	return fmt.Sprintf("%x", sum.Sum(nil))
}
